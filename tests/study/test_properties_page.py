"""docs/how-to/properties.md does what it says, with one potential of the two, or a quick one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import write

from in_process import whet
from whet import CalculatorPotential, Spec, Study, read_structures
from whet.plugins.registry import registry

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "properties.md").read_text(encoding="utf-8")
FIRST, MORE, HOPS, WITH_A_TABLE = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
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


class EffectiveMedium(CalculatorPotential):
    """ASE's effective-medium theory of copper and gold: the page's options do with it what they do with others."""

    name = "effective-medium"

    def __init__(self) -> None:
        super().__init__(self.Options())

    def make_calculator(self) -> EMT:
        return EMT()


MORE_PROBES = {"elastic", "phonons", "surface", "stacking-fault", "barrier", "defect", "mixing"}


@pytest.mark.skipif(not set(registry().names("probes")) >= MORE_PROBES, reason="whet-matcalc or -matscipy is missing")
def test_more_properties_are_measured_with_the_options_of_the_page(tmp_path: Path) -> None:
    write(tmp_path / "copper.cif", bulk("Cu", a=3.6))
    (copper,) = read_structures(tmp_path / "copper.cif")
    entries = yaml.safe_load(MORE)["probes"] | yaml.safe_load(HOPS)["probes"]
    asked = set()
    for name, entry in entries.items():
        options = {key: value for key, value in (entry or {}).items() if key not in ("use", "materials")}
        probe = registry().load(registry().resolve("probes", Spec((entry or {}).get("use", name), options)))
        found = probe.measured(copper, EffectiveMedium())
        assert found.values, name
        asked.add(probe.name)
    assert asked == MORE_PROBES
    (table,) = re.findall(r"\| probe \|.*?\n\n", PAGE, re.DOTALL)
    for line in table.strip().splitlines()[2:]:
        name, _, curvature = (cell.strip(" `") for cell in line.strip("|").split("|"))
        powers = {one.stiffness for one in registry().find("probes", name).quantities} - {None}
        assert powers == {"ratio": {1}, "ratio squared": {0.5}, "": set()}[curvature], name


@pytest.mark.skipif(not set(registry().names("probes")) >= MORE_PROBES, reason="whet-matcalc or -matscipy is missing")
def test_the_study_of_the_page_is_without_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: None) -> None:
    monkeypatch.chdir(tmp_path)
    write("copper.cif", bulk("Cu", a=3.6))
    probes = yaml.safe_load(MORE)["probes"] | yaml.safe_load(HOPS)["probes"]
    study = {"name": "more", "materials": "copper.cif", "potentials": {"main": "toy"}, "probes": probes}
    Path("study.yaml").write_text(yaml.safe_dump(study))
    assert "No fault found" in whet("check", "study.yaml").stdout
