"""Foundation models: found where they lie, recognized by content, and refused where they answer wrongly."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from whet import FoundationModel, KnownAnswer, Labels, LevelOfTheory, ModelFile, Spec
from whet.data.errors import InputError, MissingPackage, PluginError, UnknownName, WhetError
from whet.plugins.registry import registry

CONTENT = json.dumps([0.5, 0.1, -0.3, -0.1, 0.0]).encode()
COMPOUND: Any = {"symbols": ("Ar", "Ne"), "lattice_constant": 5.0}


def published(**changed: Any) -> FoundationModel:
    file: dict[str, Any] = {
        "names": ("it.json", "upstream-name.json"),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "size": len(CONTENT),
        "url": "http://127.0.0.1:9/it.json",
        "shipped": "whet_toy/it.json",
        "cached": ("toy/it",),
    }
    answer = changed.pop("answer", None)
    return FoundationModel({"coefficients": ModelFile(**{**file, **changed})}, "MIT", LevelOfTheory("toy"), answer)


@pytest.fixture(autouse=True)
def nothing_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WHET_MODELS", f"{tmp_path / 'empty'}:{tmp_path / 'named'}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def toy_model(toy: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives the toy potential a foundation model and no way of its own to find files."""
    from whet.contracts.potential import Potential

    offered = registry().find("potentials", "toy")
    monkeypatch.setattr(offered, "find_files", classmethod(Potential.find_files.__func__))  # pyright: ignore

    def give(model: FoundationModel) -> None:
        monkeypatch.setattr(offered, "foundation_models", {"it": model})

    return give


@pytest.fixture
def served() -> Iterator[tuple[str, list[str]]]:
    """The address of the weights, and what was asked for there."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/it.json", asked
        server.shutdown()


def lay(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "place", ["named/it.json", "named/upstream-name.json", "cache/whet/models/it.json", "cache/toy/it"]
)
def test_a_model_is_found_where_it_lies(tmp_path: Path, place: str) -> None:
    there = lay(tmp_path / place)
    assert published().obtain() == {"coefficients": there}


def test_a_file_of_that_name_with_another_content_is_passed_over(tmp_path: Path) -> None:
    lay(tmp_path / "named" / "it.json", CONTENT[::-1])
    right = lay(tmp_path / "cache" / "toy" / "it")
    assert published().obtain() == {"coefficients": right}


def test_offline_says_what_to_fetch_and_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be downloaded") as raised:
        published().obtain()
    assert "Get http://127.0.0.1:9/it.json elsewhere" in str(raised.value)
    assert str(tmp_path / "cache" / "whet" / "models" / "it.json") in str(raised.value)
    assert "WHET_MODELS" in str(raised.value)


def test_what_comes_with_a_package_names_the_package() -> None:
    with pytest.raises(MissingPackage, match="comes with the package whet_toy"):
        published(url="").obtain()


def test_a_name_that_is_neither_model_nor_file(toy_model: Any) -> None:
    toy_model(published())
    with pytest.raises(UnknownName, match=r"there is no toy model 'itt'\. Did you mean 'it'"):
        registry().resolve("potentials", Spec("toy", {"model": "itt"}))


def test_weights_enter_by_content_and_are_fetched_when_they_are_loaded(
    toy_model: Any, served: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, asked = served
    toy_model(published(url=address))
    absent = registry().resolve("potentials", Spec("toy", {"model": "it"}))
    file = absent.files["coefficients"]
    assert (file.sha256, file.origin) == (hashlib.sha256(CONTENT).hexdigest(), address)
    assert (asked, Path(file.path)) == ([], tmp_path / "cache" / "whet" / "models" / "it.json")
    assert not absent.unpickles
    registry().load(absent)
    assert (asked, Path(file.path).read_bytes()) == (["/it.json"], CONTENT)
    assert registry().resolve("potentials", Spec("toy", {"model": "it"})) == absent
    Path(file.path).unlink()
    lay(tmp_path / "named" / "upstream-name.json")
    registry().load(absent)  # it lies somewhere else on this machine
    assert len(asked) == 1


def test_weights_without_a_checksum_are_to_be_fetched_first(toy_model: Any, served: tuple[str, list[str]]) -> None:
    address, asked = served
    toy_model(published(url=address, sha256=""))
    with pytest.raises(InputError, match=r"it\.json is not here, and no checksum .* whet models prefetch"):
        registry().resolve("potentials", Spec("toy", {"model": "it"}))
    published(url=address, sha256="").obtain()
    assert registry().resolve("potentials", Spec("toy", {"model": "it"})).files["coefficients"].origin == address
    assert len(asked) == 1


def test_check_and_status_and_report_fetch_nothing(
    toy_model: Any, served: tuple[str, list[str]], study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from whet.cli.report import report
    from whet.cli.status import status
    from whet.study.inspection import inspect
    from whet.study.study import Study

    def no_network(*given: Any) -> Any:
        raise AssertionError("the network was asked")

    address, asked = served
    toy_model(published(url=address))
    study_file.write_text(study_file.read_text().replace("main: toy", "main: toy:it"))
    monkeypatch.setattr("socket.socket.connect", no_network)
    (told,) = [what for path, _, what in inspect(Study.load(study_file)).files if path.endswith("it.json")]
    assert "not here yet: the run fetches it (0.0 MB)" in told
    status(study_file)
    with contextlib.suppress(WhetError):  # nothing has run that could be reported
        report(study_file)
    assert asked == []


def test_weights_are_recognized_by_content(toy_model: Any, tmp_path: Path) -> None:
    toy_model(published())
    named = lay(tmp_path / "elsewhere" / "renamed.json")
    other = lay(tmp_path / "elsewhere" / "other.json", CONTENT + b" ")

    def name(path: Path) -> str:
        files = {"coefficients": path}
        return registry().find("potentials", "toy")(None, files).published

    assert (name(named), name(other)) == ("it", "")


def test_the_known_answer_is_asked_for_once(toy_model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path / "named" / "it.json")
    toy_model(published())
    right = KnownAnswer(0.0, **COMPOUND)
    resolved = registry().resolve("potentials", Spec("toy", {"model": "it"}))
    (labels,) = registry().load(resolved).evaluate([right.compound])
    forces: Any = tuple(map(tuple, labels.forces.tolist()))
    toy_model(published(answer=KnownAnswer(labels.energy, forces, **COMPOUND)))
    potential = registry().load(resolved)
    asked = []
    predict = potential.predict
    monkeypatch.setattr(potential, "predict", lambda frames, properties: asked.append(1) or predict(frames, properties))
    for _ in range(2):
        list(potential.evaluate([right.compound]))
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("energy", "forces", "fault"),
    [
        (0.1, (), "an energy of"),
        (0.0, ((9.0, 0, 0), (-9.0, 0, 0)), "a force that is wrong by"),
        (float("nan"), (), "nan"),
    ],
)
def test_misread_weights_are_refused(toy_model: Any, tmp_path: Path, energy: float, forces: Any, fault: str) -> None:
    lay(tmp_path / "named" / "it.json")
    toy_model(published())
    compound = KnownAnswer(0.0, **COMPOUND).compound
    resolved = registry().resolve("potentials", Spec("toy", {"model": "it"}))
    (labels,) = registry().load(resolved).evaluate([compound])
    toy_model(published(answer=KnownAnswer(labels.energy + energy, forces, **COMPOUND)))
    with pytest.raises(PluginError, match=f"model 'it', answers .*{fault}"):
        list(registry().load(resolved).evaluate([compound]))


def test_a_nan_answer_is_a_wrong_answer() -> None:
    answer = KnownAnswer(-1.0, ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)))
    assert answer.fault(Labels(float("nan"), np.zeros((2, 3))))
    assert answer.fault(Labels(-1.0, np.full((2, 3), np.nan)))
    assert not answer.fault(Labels(-1.001, np.full((2, 3), 0.001)))
