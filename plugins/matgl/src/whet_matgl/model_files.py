"""Model files: reading and writing MatGL's saved models, the three files wherever they lie."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from whet import InputError, Unsupported, replacing
from whet_matgl.foundation import FILES
from whet_matgl.isolation import untouched

if TYPE_CHECKING:
    from matgl.apps.pes import Potential


def files_of(place: Path) -> dict[str, Path]:
    """The files of a saved model, by role; place: its folder, or one of the files in it."""
    folder = place.parent if place.name in FILES else place
    return {name: folder / name for name in FILES}


def read_model(files: Mapping[str, Path], device: str) -> Potential:
    """The upstream potential of a saved model, ready to predict on `device`.

    Raises InputError for files that are no potential of matgl, Unsupported for one that needs more than a structure.
    """
    _check_head(files)
    with TemporaryDirectory() as folder, untouched():
        import torch
        from matgl.apps.pes import Potential

        # Upstream reads them again: copies, so that it gets what was looked at.
        copies = {role: Path(copyfile(files[role], Path(folder) / role)) for role in FILES}
        # One by one, so that the error names the one that is broken.
        for role in ("model.pt", "state.pt"):
            with _naming(files[role]):
                content = torch.load(copies[role], map_location="cpu", weights_only=True)
                if role == "model.pt":
                    _check_modules(content)
        with _naming(files["state.pt"]):
            model = Potential.load(copies)
    where = str(files["model.json"])
    return prepared(model, device, where)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turns what upstream raises for a file that is none of its own into an InputError that names it."""
    try:
        yield
    except (
        AttributeError,
        EOFError,
        ImportError,
        KeyError,
        RuntimeError,
        TypeError,
        ValueError,
        pickle.UnpicklingError,
    ) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"not a potential of matgl ({type(error).__name__}: {reason})",
            where=str(path),
            hint="Give the folder of a potential that matgl 4 or Whet saved",
        ) from error


def prepared(model: Potential, device: str, where: str = "") -> Potential:
    """The model on `device`, ready to predict energies and forces and nothing that was saved besides.

    Raises Unsupported where the model needs a state (a functional, a temperature) beside the structure, or has the
    repulsion at short range that matgl 4.1 cannot evaluate: it asks the graph for distances that nothing puts there.
    """
    if model.calc_repuls:
        raise Unsupported(f"{where}: matgl 4 cannot evaluate the repulsion of this model".removeprefix(": "))
    if getattr(model.model, "include_state", False) or getattr(model.model, "include_states", False):
        raise Unsupported(f"{where}: this model needs a state beside the structure".removeprefix(": "))
    model.calc_forces, model.calc_stresses, model.calc_hessian = True, True, False
    model.debug_mode = False
    return model.float().to(device).eval()


def write_model(model: Potential, folder: Path) -> dict[str, Path]:
    """Writes the three files into `folder`, as matgl's own `load_model` reads them; the same weights, the same bytes.

    Raises StoreError where the disk is full or the folder cannot be written.
    """
    with TemporaryDirectory() as temporary:
        with untouched():
            model.save(temporary)
        return copy_files(files_of(Path(temporary)), folder)


def copy_files(files: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """Copies the three files into `folder`. Raises as `write_model` does."""
    written = files_of(folder)
    for name in FILES:
        with replacing(written[name]) as partial:
            copyfile(files[name], partial)
    return written


def _check_head(files: Mapping[str, Path]) -> None:
    """InputError where a file is missing, or what was saved is no potential."""
    if missing := [role for role in FILES if role not in files or not files[role].is_file()]:
        raise InputError(
            f"a saved model of matgl is three files; missing: {', '.join(missing)}",
            where=", ".join(str(files[role]) for role in missing if role in files),
            hint=f"They are called {', '.join(FILES)}",
        )
    with _naming(files["model.json"]):
        kind = json.loads(files["model.json"].read_bytes())["@class"]
    if kind != "Potential":
        raise InputError(f"it holds a {kind}, not a potential", where=str(files["model.json"]))


def _check_modules(arguments: Mapping[str, Any]) -> None:
    """ValueError where something else than a model of matgl is named: upstream would import and call it, unseen."""
    for argument in arguments.values():
        if isinstance(argument, Mapping) and "@module" in argument:
            module = str(argument["@module"])
            if not f"{module}.".startswith("matgl.models."):
                raise ValueError(f"its network is to be made by {module!r}")
