"""What a report says of the conditions that were sampled, for protocols of every kind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from whet.contracts.component import Component
from whet.contracts.findings import Column, Findings, Table
from whet.study.not_covered import not_covered
from whet.study.potential_names import PotentialNames
from whet.study.protocol_words import ProtocolWords
from whet.study.resolved import Placed
from whet.study.subject import subject

NVT = {"ensemble": "nvt", "temperature": 350.0, "pressure": 0.0, "timestep": 0.5, "equilibration": 300}
NVT |= {"production": 300, "every": 60, "rotation": "free"}
NPT = {**NVT, "ensemble": "npt", "temperature": 300.0, "production": 1_000_000, "equilibration": 0}


def study(*options: dict[str, Any], broken: int | None = None, structures: dict[str, Any] | None = None) -> Any:
    """As much of a stored study as is asked. broken: bonds that were; None: none was followed."""
    columns = [Column("sampled by"), Column("broken")]
    bonds = [Findings("Bonds", tables=[Table("bonds", "", columns, [["own", 0], ["reference", broken]])])]
    mace = Component("potentials", "mace", options={"model": "small", "head": "pbe"})
    roles = {
        "potential main": Placed(Component("potentials", "d3", parts={"potential": mace})),
        "structures": Placed(Component("structures", "packmol", options=structures or {})),
    }
    return SimpleNamespace(
        engines=[Component("md_engines", "ase-md", options=one) for one in options],
        stored=SimpleNamespace(roles=roles, theories={"test": "PBE", "other": "PBE"}),
        theories=[],
        names=PotentialNames({"main": roles["potential main"].component.called}),
        findings=lambda name: [] if broken is None or name != "bonds" else bonds,
        of_task=lambda _: [
            SimpleNamespace(values={"formula": name, "atoms": n}) for name, n in (("H2O", 3), ("CO", 2))
        ],
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (NVT, "NVT, 350 K: 150 fs of equilibration and 150 fs of production, in steps of 0.5 fs"),
        (NPT, "NPT, 300 K, 0 bar: 500 ps of production, in steps of 0.5 fs"),
    ],
)
def test_a_protocol_in_words(options: dict[str, Any], words: str) -> None:
    assert ProtocolWords(options).whole == words


def test_options_with_units() -> None:
    words = ProtocolWords(NVT)
    assert [words.option(name) for name in ("equilibration", "temperature", "rotation")] == [
        "300 steps (150 fs)",
        "350.0 K",
        "free",
    ]


def test_an_engine_without_the_usual_options_has_nothing_to_say() -> None:
    odd = study({"hops": 5})
    assert not [words for words in subject(odd) if words.startswith("dynamics")]
    assert not_covered(odd) == []


def test_what_is_made_of_others_and_theories_of_files_are_named() -> None:
    assert subject(study(NVT)) == [
        "d3 of mace small pbe",
        "reference of “test”, “other”: PBE",
        "2 to 3 atoms (C, H, O; 2 compositions)",
        "dynamics: NVT, 350 K: 150 fs of equilibration and 150 fs of production, in steps of 0.5 fs",
    ]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            study(NVT, structures={"density": 1.0}, broken=0),
            [
                "Temperatures other than 350 K; densities other than that of the structures (packmol: density 1).",
                "Times beyond 150 fs after 150 fs of equilibration.",
                "Bonds that break: of those followed, none ever stretched by over 0.5 Å.",
            ],
        ),
        (
            study(NVT, NPT, broken=2),
            [
                "Temperatures other than 300 and 350 K; pressures other than 0 bar.",
                "Times beyond 500 ps.",
                "Bonds that break: of those followed, 2 ever stretched by over 0.5 Å.",
            ],
        ),
        (
            study(NVT),
            [
                "Temperatures other than 350 K; volumes other than those of the structures.",
                "Times beyond 150 fs after 150 fs of equilibration.",
            ],
        ),
        (study(), []),
    ],
)
def test_what_is_not_covered(made: Any, said: list[str]) -> None:
    assert not_covered(made) == said
