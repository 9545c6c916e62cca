"""What a user says about a theory and what the source says: one of them, both in agreement, or an error."""

from __future__ import annotations

import pytest

from whet import FrameError, InputError, LevelOfTheory
from whet.labels.theory_statement import TheoryStatement

FULL = LevelOfTheory("PBE", "VASP", "D3(BJ)", {"Fe": 4.0}, "PAW_PBE.54", {"encut": 520, "kspacing": 0.2})


def test_the_source_is_believed_where_nothing_contradicts_it() -> None:
    for statement in (
        TheoryStatement(),
        TheoryStatement("PBE", code="VASP", hubbard_u={"Fe": 4.0}, settings={"encut": 520}),
        TheoryStatement(dispersion="D3(BJ)", pseudopotentials="PAW_PBE.54"),
        TheoryStatement(exact=FULL),
    ):
        assert statement.settle(FULL) == FULL


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (TheoryStatement("r2SCAN"), "said to have method r2SCAN, the source states PBE"),
        (TheoryStatement("PBE", code="CP2K"), "code CP2K, the source states VASP"),
        (TheoryStatement("PBE", dispersion="D4"), "dispersion D4, the source states D3(BJ)"),
        (TheoryStatement("PBE", hubbard_u={"Fe": 5.3}), "U {'Fe': 5.3}, the source states {'Fe': 4.0}"),
        (TheoryStatement("PBE", settings={"sigma": 0.1}), "sigma 0.1, the source states none"),
        (
            TheoryStatement(exact=LevelOfTheory("PBE", "VASP", settings={"encut": 400, "kspacing": 0.2})),
            "not what this labeler computes: dispersion is D3(BJ), not unset, encut is 520, not 400",
        ),
    ],
)
def test_a_contradiction_is_refused(statement: TheoryStatement, what: str) -> None:
    with pytest.raises(FrameError) as caught:
        statement.settle(FULL)
    assert what in str(caught.value)


def test_without_a_source_the_method_has_to_be_said() -> None:
    said = TheoryStatement("PBE", code="VASP", hubbard_u={"Fe": 4.0}, settings={"encut": 520})
    assert said.settle(None) == LevelOfTheory("PBE", "VASP", hubbard_u={"Fe": 4.0}, settings={"encut": 520})
    assert TheoryStatement(exact=FULL).settle(None) == FULL
    with pytest.raises(InputError, match=r"the theory of these labels is not stated\. Add --theory METHOD"):
        TheoryStatement().settle(None)
    with pytest.raises(InputError, match="the method of these labels is not stated"):
        TheoryStatement(code="VASP").settle(None)
