"""The foundation model NEP89."""

from __future__ import annotations

from whet import FoundationModel, KnownAnswer, LevelOfTheory, ModelFile
from whet_nep.references import NEP89

GPUMD = "https://raw.githubusercontent.com/brucefan1983/GPUMD/master/potentials/nep/"

MIXED = LevelOfTheory(
    "mixed",
    settings={"data": "OMat24 and MPtrj (PBE, PBE+U), SPICE and others, brought to one energy scale by the authors"},
)
"""Of the labels: subsets of data sets of several theories, so they are no single one, and no energy of VASP's."""

MODELS = {
    "nep89": FoundationModel(
        {
            "checkpoint": ModelFile(
                ("nep89.txt", "nep89_20250409.txt"),
                "75168ece02e840e4a32644f982b78d43cba697f5b64b4c8134ab66c7a8c28be1",
                15_622_195,
                GPUMD + "nep89_20250409/nep89_20250409.txt",
                shipped="NepTrainKit/Config/nep89.txt",
            )
        },
        "GPL-3.0-or-later",
        MIXED,
        KnownAnswer(-6.34637, ((0.0799, -0.034, 0.017), (-0.0799, 0.034, -0.017))),
        "Liang et al., arXiv:2504.21286",
        "NEP89",
        (NEP89,),
    )
}
