"""Checkpoints of older plugins: upgraded by the plugin's own function, a test for each pair of versions, or refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from whet import Component, FileRef, Spec
from whet.data.errors import PluginError
from whet.plugins.registry import registry
from whet.testing.check import CheckFailed
from whet.testing.potential_contract import saved_is_loaded_the_same

NUMBERS = [0.5, 0.1, -0.3, -0.1, 0.0]
FORMS: dict[int, Any] = {
    1: {"numbers": NUMBERS[::-1]},  # the other way round
    2: {"numbers": NUMBERS},
    3: NUMBERS,
}


def upgrade(cls: Any, files: Any, from_version: int, folder: Path) -> dict[str, Path]:
    """As the toy's author could have written it for version 3."""
    numbers = json.loads(files["coefficients"].read_text())["numbers"]
    path = folder / "below" / "new.json"
    path.parent.mkdir()
    path.write_text(json.dumps(numbers[::-1] if from_version == 1 else numbers))
    return {"coefficients": path}


@pytest.fixture
def offered(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The toy potential at checkpoint version 3."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = registry().find("potentials", "toy")
    monkeypatch.setattr(found, "checkpoint_version", 3)
    monkeypatch.setattr(found, "upgrade", classmethod(upgrade))
    return found


def saved(folder: Path, version: int) -> Component:
    """The component of a fine-tuned toy as a plugin of that version left it."""
    path = folder / f"v{version}.json"
    path.write_text(json.dumps(FORMS.get(version, NUMBERS)))
    plain = registry().resolve("potentials", Spec("toy"))
    files = {"coefficients": FileRef.to(path)}
    return replace(plain, options={"model": "fine-tuned"}, files=files, checkpoint_version=version)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_each_version_answers_the_same(offered: Any, tmp_path: Path, version: int) -> None:
    component = saved(tmp_path, version)
    before = Path(component.files["coefficients"].path).read_bytes()
    registry().load(component)
    loaded = registry().load(component)  # from the cache
    assert list(loaded.coefficients) == NUMBERS
    assert Path(component.files["coefficients"].path).read_bytes() == before
    assert (loaded.files["coefficients"].parent == tmp_path) == (version == 3)


def test_it_is_upgraded_once(offered: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry().load(saved(tmp_path, 1))
    monkeypatch.setattr(offered, "upgrade", None)
    registry().load(saved(tmp_path, 1))


def test_a_newer_one_is_refused(offered: Any, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"'toy' has version 4; the plugin here reads up to 3\. Update the plugin"):
        registry().load(saved(tmp_path, 4))


def test_one_without_an_upgrade_is_refused(offered: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from whet import Potential

    monkeypatch.setattr(offered, "upgrade", classmethod(Potential.upgrade.__func__))  # pyright: ignore[reportFunctionMemberAccess]
    with pytest.raises(PluginError, match="'toy' has version 1; this plugin has no upgrade of it"):
        registry().load(saved(tmp_path, 1))
    subject: Any = SimpleNamespace(potential=registry().load(registry().resolve("potentials", Spec("toy"))))
    with pytest.raises(CheckFailed, match="no `upgrade` to version 3"):
        saved_is_loaded_the_same.run(subject)


def test_the_version_of_files_moves_no_key_and_is_carried(offered: Any, tmp_path: Path) -> None:
    one, two = saved(tmp_path, 1), replace(saved(tmp_path, 1), checkpoint_version=2)
    assert one.key == two.key
    assert Component.from_json(two.as_json()) == two
    old = one.as_json()
    del old["checkpoint_version"]  # of a store that was made before there were versions
    assert Component.from_json(old) == one
