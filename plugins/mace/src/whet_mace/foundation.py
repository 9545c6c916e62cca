"""The foundation models of MACE-MP-0."""

from __future__ import annotations

from whet import FoundationModel, KnownAnswer, LevelOfTheory, ModelFile
from whet_mace.references import MACE_MP_0

RELEASE = "https://github.com/ACEsuit/mace-mp/releases/download/mace_mp_0/"

MPTRJ = LevelOfTheory("PBE/PBE+U", "VASP", settings={"data": "MPtrj"})
"""Of the labels that MACE-MP-0 was trained on (U as the Materials Project sets it; energies uncorrected)."""


def _released(name: str, ours: str, sha256: str = "", size: int = 0) -> ModelFile:
    # Upstream's own downloads take the dots and dashes out of the name.
    cached = "".join(letter for letter in name if letter.isalnum() or letter == "_")
    return ModelFile((ours, name), sha256, size, RELEASE + name, cached=(f"mace/{cached}",))


def _model(size: str, file: ModelFile, answer: KnownAnswer | None = None) -> FoundationModel:
    paper = "Batatia et al., arXiv:2401.00096"
    return FoundationModel({"checkpoint": file}, "MIT", MPTRJ, answer, paper, f"MACE-MP-0 {size}", (MACE_MP_0,))


MODELS = {
    "small": _model(
        "small",
        _released(
            "2023-12-10-mace-128-L0_energy_epoch-249.model",
            "mace_mp_small.model",
            "2ddb079cee0e131eaaf6912ba581b394551ead283e95c99cfe78c605d10b5736",
            32_581_838,
        ),
        KnownAnswer(-6.74199, ((0.1948, -0.1091, 0.0615), (-0.1948, 0.1091, -0.0615))),
    ),
    "medium": _model(
        "medium",
        _released(
            "2023-12-03-mace-128-L1_epoch-199.model",
            "mace_mp_medium.model",
            "01bfe22100139f424713cf921144e5509cbe353d67aa9fa1be9c6e1e0ed35845",
            44_422_970,
        ),
    ),
    "large": _model("large", _released("MACE_MPtrj_2022.9.model", "mace_mp_large.model")),
}
