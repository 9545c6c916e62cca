"""properties: curves are drawn with the names of places on their axis, where a probe gives any."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import vl_convert

from analysis_inputs import found, rows
from whet.analyses.properties import Properties
from whet.contracts.findings import Findings
from whet.contracts.probe import CurveKind, Measured, Measurement, Quantity
from whet.contracts.ref import Ref

BANDS = CurveKind("Bands", "path", "frequency", "1/Å", "THz")
LINES = [(0.0, 0.0, 0), (1.0, 20.0, 0), (2.0, 30.0, 0)]
MARKS = [(0.0, "Γ"), (1.0, "K|U"), (2.0, "X")]


def measurement(potential: str, **rest: Any) -> Measurement:
    measured = Measured({"highest": 30.0}, {"Bands": LINES}, **rest)
    ref = Ref(potential, set="LiCl")
    return Measurement(ref, [Quantity("highest", "THz", "Of all.", 3)], [BANDS], measured)


def drawn(findings: Findings) -> str:
    (figure,) = [one for one in findings.figures if one.name == "bands-drawn"]
    return vl_convert.vegalite_to_svg({**(figure.spec or {}), "data": {"values": rows(findings, "bands")}})


def test_names_stand_in_the_place_of_numbers(tmp_path: Path) -> None:
    """Of several potentials once: they go along the same path."""
    findings = found(Properties, tmp_path, *(measurement(name, marks={"Bands": MARKS}) for name in ("a", "b")))
    assert [row["mark"] for row in rows(findings, "bands") if row["mark"]] == ["Γ", "K|U", "X"]
    svg = drawn(findings)
    assert all(f">{word}<" in svg for _, word in MARKS)
    assert ">0.2<" not in svg and ">25<" in svg


def test_without_names_the_axis_has_numbers(tmp_path: Path) -> None:
    svg = drawn(found(Properties, tmp_path, measurement("a")))
    assert ">0.2<" in svg


def test_what_was_measured_before_there_were_names_is_read() -> None:
    one = measurement("a", marks={"Bands": MARKS})
    said = one.as_json()
    for values, marks in ((said, {"Bands": MARKS}), ({key: said[key] for key in said if key != "marks"}, {})):
        read = Measurement.read(cast(Any, SimpleNamespace(values=values)), one.ref)
        assert (read.measured.curves, read.measured.marks) == ({"Bands": LINES}, marks)
