"""MACE files are read under a list: what honest ones hold loads as ever, and nothing else in a file ever runs."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from whet import InputError, Spec, TrustedFiles, UntrustedFile, WhetError
from whet.plugins.registry import registry
from whet_mace.checkpoints import read_checkpoint
from whet_mace.dry_reading import foreign_code
from whet_mace.potential import MacePotential
from whet_torch.isolation import untouched


class Call:
    """Unpickled, it calls what it was made of."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.made_of = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.made_of

    def __call__(self) -> None:
        """A pickle wants to see that it can be called."""


class Writes(torch.nn.Module):
    """TorchScript that writes a file when it is called, or already when it is read."""

    def __init__(self, canary: str, early: bool) -> None:
        super().__init__()
        self.canary, self.early = canary, early

    def forward(self, x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        torch.save(x, self.canary)
        return x

    @torch.jit.export
    def __getstate__(self) -> tuple[str, bool, bool]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.canary, self.early, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool, bool]) -> None:
        self.canary, self.early, self.training = state
        if self.early:
            torch.save(torch.ones(1), self.canary)


def script(canary: Path, *, early: bool) -> bytes:
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(Writes(str(canary), early)), buffer)
    return buffer.getvalue()


def saved(thing: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with untouched():
        torch.save(thing, buffer, **options)
    return buffer.getvalue()


def archive(*records: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, content in records:
            made.writestr(name, content)
    return buffer.getvalue()


def pickled(text: str) -> bytes:
    """An archive of a pickle that is written by hand."""
    return archive(("a/data.pkl", b"\x80\x02" + text.encode()), ("a/version", b"3\n"))


def touch(canary: Path) -> str:
    return f"touch {canary}"


def in_a_state(model: Any, canary: Path) -> bytes:
    model.extra = Call(os.system, touch(canary))
    return saved(model)


def in_the_script(model: Any, canary: Path, *, early: bool) -> bytes:
    """The TorchScript of a linear layer is another."""
    linear = next(module for module in model.modules() if type(module).__name__ == "Linear")
    state = {**linear.__getstate__(), "__codegen__": {"_compiled_main": script(canary, early=early)}}
    return saved(Rebuilt(type(linear), state))


class Rebuilt:
    """Pickled, it is an object of that class with that state."""

    def __init__(self, kind: type, state: Any) -> None:
        self.kind, self.state = kind, state

    # Whoever pickles it compares.
    __class__ = property(lambda self: self.kind)  # pyright: ignore

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return copyreg.__newobj__, (self.kind,), self.state  # pyright: ignore[reportAttributeAccessIssue]


def in_the_graph(imports: str, code: str) -> bytes:
    from torch.fx.graph_module import reduce_graph_module

    return saved(Call(reduce_graph_module, {"_code": code, "training": True, "_modules": {}}, imports))


def second_pickle(model: Any, canary: Path) -> bytes:
    """Two records of one name: readers differ in which they take."""
    with zipfile.ZipFile(io.BytesIO(saved(model))) as honest:
        records = [(name, honest.read(name)) for name in honest.namelist()]
    evil = [(name, pickle.dumps(Call(os.system, touch(canary)), 2)) for name, _ in records if name.endswith("data.pkl")]
    return archive(*records, *evil)


def second_folder(model: Any, canary: Path) -> bytes:
    with zipfile.ZipFile(io.BytesIO(saved(model))) as honest:
        records = [(name, honest.read(name)) for name in honest.namelist()]
    return archive(("other/data.pkl", pickle.dumps(Call(os.system, touch(canary)), 2)), *records)


FORWARD = "\n\n\ndef forward(self, x):\n    return x\n"

KINDS: dict[str, Callable[[Any, Path], bytes]] = {
    "REDUCE of os.system": lambda model, canary: saved(Call(os.system, touch(canary))),
    "in a module's state": in_a_state,
    "eval": lambda model, canary: saved(Call(eval, f"open({str(canary)!r}, 'w')")),
    "exec": lambda model, canary: saved(Call(exec, f"open({str(canary)!r}, 'w')")),
    "getattr": lambda model, canary: saved(Call(Call(getattr, Call(__import__, "os"), "system"), touch(canary))),
    "subprocess": lambda model, canary: saved(Call(subprocess.getoutput, touch(canary))),
    "open": lambda model, canary: saved(Call(open, str(canary), "w")),
    "torch.load": lambda model, canary: saved(
        Call(torch.load, str(canary.with_suffix(".pkl")), "cpu", Call(__import__, "pickle"))
    ),
    "torch.hub": lambda model, canary: saved(
        Call(torch.hub._import_module, "hubconf", str(canary.parent / "hubconf.py"))
    ),
    "torch.save": lambda model, canary: saved(Call(torch.save, 1, str(canary))),
    "torch.jit.load": lambda model, canary: saved(Call(torch.jit.load, io.BytesIO(script(canary, early=True)))),
    "a TorchScript archive": lambda model, canary: script(canary, early=True),
    "TorchScript that acts when read": lambda model, canary: in_the_script(model, canary, early=True),
    "TorchScript that acts when called": lambda model, canary: in_the_script(model, canary, early=False),
    "imports of torch.fx": lambda model, canary: in_the_graph(
        f"import torch\nimport os; os.system({touch(canary)!r})", FORWARD
    ),
    "forward of torch.fx": lambda model, canary: in_the_graph(
        "import torch", f"\n\n\ndef forward(self, x, y=__import__('os').system({touch(canary)!r})):\n    return x\n"
    ),
    "calls of torch.fx": lambda model, canary: in_the_graph(
        "import torch", f"\n\n\ndef forward(self, x):\n    torch.save(1, {str(canary)!r})\n    return x\n"
    ),
    "two records of one name": second_pickle,
    "two folders": second_folder,
    "a bare pickle": lambda model, canary: pickle.dumps(Call(os.system, touch(canary))),
    "a bare pickle of protocol 0": lambda model, canary: pickle.dumps(Call(os.system, touch(canary)), 0),
    "torch's oldest format": lambda model, canary: saved(
        Call(os.system, touch(canary)), _use_new_zipfile_serialization=False
    ),
    "an import alone": lambda model, canary: pickled("cantigravity\nfly_by\n."),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def bad(request: pytest.FixtureRequest, tmp_path: Path, tiny_file: Path) -> tuple[Path, Path]:
    """A malicious file, and the canary that it makes when it is run."""
    canary = tmp_path / "canary"
    (tmp_path / "canary.pkl").write_bytes(saved(Call(os.system, touch(canary))))
    (tmp_path / "hubconf.py").write_text(f"open({str(canary)!r}, 'w')\n")
    with untouched():
        import mace.modules  # noqa: F401

        model = torch.load(tiny_file, weights_only=False)
    path = tmp_path / "bad.model"
    path.write_bytes(KINDS[request.param](model, canary))
    assert not canary.exists(), "making the file ran it"
    return path, canary


each = pytest.mark.parametrize("bad", KINDS, indirect=True)


@each
def test_it_is_found_out_without_loading(bad: tuple[Path, Path]) -> None:
    path, canary = bad
    said = foreign_code(path)
    assert said
    assert "\n" not in said
    with pytest.raises(UntrustedFile, match="whet models trust"):
        registry().load(registry().resolve("potentials", Spec("mace", {"model": str(path)})))
    assert not canary.exists()


@each
def test_the_reading_itself_refuses_it(bad: tuple[Path, Path]) -> None:
    path, canary = bad
    with pytest.raises(InputError) as caught:
        read_checkpoint(path, "cpu")
    assert "\n" not in str(caught.value)
    assert not canary.exists()
    assert "antigravity" not in sys.modules


def test_what_the_user_trusts_is_loaded(tmp_path: Path) -> None:
    path, canary = tmp_path / "mine.model", tmp_path / "canary"
    path.write_bytes(saved(Call(os.system, touch(canary))))
    TrustedFiles().add([path])
    with pytest.raises(InputError, match="not an energy model of MACE"):
        load(path).capabilities  # noqa: B018
    assert canary.exists()


def load(path: Path) -> MacePotential:
    return registry().load(registry().resolve("potentials", Spec("mace", {"model": str(path)})))


def test_a_file_swapped_after_the_gate_is_looked_at_again(tmp_path: Path, tiny_file: Path) -> None:
    path, canary = tmp_path / "mine.model", tmp_path / "canary"
    shutil.copy(tiny_file, path)
    potential = load(path)
    path.write_bytes(saved(Call(os.system, touch(canary))))
    with pytest.raises(UntrustedFile):
        potential.capabilities  # noqa: B018
    assert not canary.exists()


@pytest.mark.parametrize("epochs", [0, 1])
def test_a_start_swapped_before_its_training_never_reaches_upstream(
    tmp_path: Path, tiny_file: Path, tune: Any, epochs: int
) -> None:
    path, canary = tmp_path / "mine.model", tmp_path / "canary"
    shutil.copy(tiny_file, path)
    potential = load(path)
    assert potential.model is not None
    path.write_bytes(saved(Call(os.system, touch(canary))))
    with pytest.raises(WhetError, match="would run code"):
        tune(potential, epochs=epochs)
    assert not canary.exists()


def test_an_admitted_class_cannot_be_changed_for_everybody(tmp_path: Path) -> None:
    """A pickle may set attributes of whatever it has got, of classes, too."""
    path = tmp_path / "bad.model"
    text = "cmace.modules.blocks\nScaleShiftBlock\n(N}X\x07\x00\x00\x00forwardctorch.nn.functional\nsilu\nstb."
    path.write_bytes(pickled(text))
    with untouched():
        from mace.modules.blocks import ScaleShiftBlock

    before = ScaleShiftBlock.forward
    with pytest.raises(InputError):
        read_checkpoint(path, "cpu")
    assert ScaleShiftBlock.forward is before


VARIANTS: dict[str, dict[str, Any]] = {
    "vectors": {"hidden_irreps": "8x0e+8x1o", "correlation": 3, "max_ell": 3},
    "ZBL and Agnesi": {"pair_repulsion": True, "distance_transform": "Agnesi"},
    "Gaussian and Soft": {"radial_type": "gaussian", "distance_transform": "Soft"},
    "Chebyshev": {"radial_type": "chebyshev"},
    "density": {"interaction_cls": "RealAgnosticDensityResidualInteractionBlock"},
    "attention": {"interaction_cls": "RealAgnosticAttResidualInteractionBlock"},
    "gated": {"interaction_cls": "RealAgnosticResidualNonLinearInteractionBlock", "hidden_irreps": "8x0e+8x1o"},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_honest_models_of_every_make_load_as_ever(tmp_path: Path, variant: str) -> None:
    path = tmp_path / "mine.model"
    with untouched():
        import mace.modules
        from e3nn import o3

        given = {"hidden_irreps": "8x0e", "correlation": 2, "max_ell": 2, **VARIANTS[variant]}
        kind = mace.modules.interaction_classes[given.pop("interaction_cls", "RealAgnosticResidualInteractionBlock")]
        model = mace.modules.ScaleShiftMACE(
            r_max=4.0,
            num_bessel=4,
            num_polynomial_cutoff=5,
            interaction_cls=kind,
            interaction_cls_first=kind,
            num_interactions=2,
            num_elements=2,
            hidden_irreps=o3.Irreps(given.pop("hidden_irreps")),
            MLP_irreps=o3.Irreps("8x0e"),
            gate=torch.nn.functional.silu,
            atomic_energies=np.array([[-1.0, -2.0]]),
            avg_num_neighbors=20.0,
            atomic_numbers=[1, 8],
            atomic_inter_scale=1.0,
            atomic_inter_shift=0.0,
            **given,
        )
        torch.save(model, path)
        as_ever = torch.load(path, weights_only=False)
    assert foreign_code(path) == ""
    read = read_checkpoint(path, "cpu")
    assert read.state_dict().keys() == as_ever.state_dict().keys()
    assert all(
        torch.equal(one, other) for one, other in zip(*(m.state_dict().values() for m in (read, as_ever)), strict=True)
    )


def test_the_process_is_as_it_was(tiny_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", raising=False)
    before = set(torch.serialization.get_safe_globals())
    read_checkpoint(tiny_file, "cpu")
    assert set(torch.serialization.get_safe_globals()) == before
    assert "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD" not in os.environ
