"""The foundation models that the wheel of sevenn ships."""

from __future__ import annotations

from dataclasses import dataclass

from whet import FoundationModel, KnownAnswer, LevelOfTheory, ModelFile
from whet_sevennet.references import MULTI_FIDELITY


@dataclass(frozen=True)
class Fidelity:
    """One of the theories that a multi-fidelity model answers with."""

    theory: LevelOfTheory
    answer: KnownAnswer


MPTRJ = LevelOfTheory("PBE/PBE+U", "VASP", settings={"data": "MPtrj"})
"""Of the labels (U as the Materials Project sets it; energies uncorrected)."""

R2SCAN = LevelOfTheory("r2SCAN", "VASP", settings={"data": "MP-r2SCAN"})

PAPER = "Park et al., J. Chem. Theory Comput. 20, 4857 (2024)"
MULTI_FIDELITY_PAPER = "Kim et al., J. Am. Chem. Soc. 147, 1042 (2025)"


def _shipped(folder: str, name: str, sha256: str, size: int) -> dict[str, ModelFile]:
    # Two of them have the same name in the wheel; in Whet's cache they must not.
    place = f"sevenn/pretrained_potentials/{folder}/{name}"
    return {"checkpoint": ModelFile((f"{folder}.pth",), sha256, size, shipped=place)}


MODELS = {
    "7net-0": FoundationModel(
        _shipped(
            "SevenNet_0__11Jul2024",
            "checkpoint_sevennet_0.pth",
            "7052cb42b7b3be42b40b97fa0d21077a48c54b5548948fc4dcf346629f813c36",
            10_268_648,
        ),
        "MIT",
        MPTRJ,
        KnownAnswer(-6.7519, ((0.16, -0.0874, 0.049), (-0.16, 0.0874, -0.049))),
        PAPER,
        "SevenNet-0",
    ),
    "7net-0_22May2024": FoundationModel(
        _shipped(
            "SevenNet_0__22May2024",
            "checkpoint_sevennet_0.pth",
            "5d389fafd512e6ae2830d74d0b66ffc49a55d3832653ff8e7bf7f1343013c1d1",
            10_268_712,
        ),
        "MIT",
        MPTRJ,
        KnownAnswer(-6.74647, ((0.1486, -0.0824, 0.0464), (-0.1486, 0.0824, -0.0464))),
        PAPER,
        "SevenNet-0 (22 May 2024)",
    ),
    "7net-l3i5": FoundationModel(
        _shipped(
            "SevenNet_l3i5",
            "checkpoint_l3i5.pth",
            "a7ff190d41efe5b8317a03d20a468e4036a1a3e64e0b14fdbab64ac3f4bfc09d",
            14_345_754,
        ),
        "MIT",
        MPTRJ,
        KnownAnswer(-6.75787, ((0.1564, -0.0849, 0.0473), (-0.1564, 0.0849, -0.0473))),
        PAPER,
        "SevenNet-l3i5",
    ),
    # Theory and known answer of this one hang on the modal.
    "7net-mf-0": FoundationModel(
        _shipped(
            "SevenNet_MF_0",
            "checkpoint_sevennet_mf_0.pth",
            "81791329b37d445f46b531578c182c41792d98c7814222c9e5dde276402225fd",
            10_322_158,
        ),
        "MIT",
        reference=MULTI_FIDELITY_PAPER,
        title="SevenNet-MF-0",
        references=(MULTI_FIDELITY,),
    ),
}

FIDELITIES = {
    "7net-mf-0": {
        "PBE": Fidelity(MPTRJ, KnownAnswer(-6.75777, ((0.162, -0.0894, 0.05), (-0.162, 0.0894, -0.05)))),
        "R2SCAN": Fidelity(R2SCAN, KnownAnswer(-13.76862, ((0.1251, -0.0695, 0.0392), (-0.1251, 0.0695, -0.0392)))),
    }
}
"""Of the models that have several, by the name that the option `modal` has for them."""
