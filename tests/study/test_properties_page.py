"""docs/how-to/properties.md does what it says, with one potential of the two."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ase.build import bulk
from ase.io import write

from in_process import whet
from whet import Study
from whet.plugins.registry import registry

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "properties.md").read_text(encoding="utf-8")
FIRST, WITH_A_TABLE = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
(TABLE,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.skipif("chgnet" not in registry().names("potentials"), reason="whet-chgnet is not installed")
def test_the_page_is_worked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("crystals.extxyz", [bulk("NaCl", "rocksalt", 5.69), bulk("Cu", a=3.6)])
    study = yaml.safe_load(FIRST)
    assert study["potentials"] == {"chgnet": "chgnet", "mace": "mace:small"}
    del study["potentials"]["mace"]
    Path("study.yaml").write_text(yaml.safe_dump(study))
    assert "No fault found" in whet("check", "study.yaml").stdout
    whet("run", "study.yaml")
    study["probes"] |= yaml.safe_load(WITH_A_TABLE)["probes"]
    Path("study.yaml").write_text(yaml.safe_dump(study))
    Path("published.csv").write_text(TABLE)
    whet("run", "study.yaml")
    rows = Study.load("study.yaml").stored.tables("properties")["properties"]
    moduli = rows[rows["quantity"] == "bulk modulus"].set_index("material")
    assert moduli["reference"].to_dict() == {"NaCl": 24.0, "Cu": 140.5}
    assert all(0.8 < ratio < 1.2 for ratio in moduli["ratio"])
