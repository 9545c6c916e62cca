"""The foundation models that the wheel of chgnet ships."""

from __future__ import annotations

from whet import FoundationModel, KnownAnswer, LevelOfTheory, ModelFile
from whet_chgnet.references import CROSS_FUNCTIONAL


def _shipped(folder: str, name: str, sha256: str, size: int) -> ModelFile:
    return ModelFile((name,), sha256, size, shipped=f"chgnet/pretrained/{folder}/{name}")


CORRECTED = LevelOfTheory("PBE/PBE+U", "VASP", settings={"corrections": "MP2020", "data": "MPtrj"})
"""Of the labels (U as the Materials Project sets it, by compound)."""

R2SCAN = LevelOfTheory("r2SCAN", "VASP", settings={"data": "MP-r2SCAN"})
PAPER = "Deng et al., Nat. Mach. Intell. 5, 1031 (2023)"

MODELS = {
    "0.3.0": FoundationModel(
        {
            "checkpoint": _shipped(
                "0.3.0",
                "chgnet_0.3.0_e29f68s314m37.pth.tar",
                "d14ab7c0f093efe64b60a7bcd540bca10e74fb7f46c86108a079af60524659d1",
                4_863_221,
            )
        },
        "BSD-3-Clause",
        CORRECTED,
        KnownAnswer(-7.32206, ((0.1427, -0.0825, 0.0325), (-0.1427, 0.0825, -0.0325))),
        PAPER,
    ),
    "0.2.0": FoundationModel(
        {
            "checkpoint": _shipped(
                "0.2.0",
                "chgnet_0.2.0_e30f77s348m32.pth.tar",
                "ef624f78b6db9d315b4ef256f1bb3207449924191b91720dc17d3f60c5df980e",
                4_639_235,
            )
        },
        "BSD-3-Clause",
        CORRECTED,
        KnownAnswer(-7.36257, ((0.1277, -0.0735, 0.042), (-0.1277, 0.0735, -0.042))),
        PAPER,
    ),
    "r2scan": FoundationModel(
        {
            "checkpoint": _shipped(
                "r2scan",
                "chgnet_r2scan_transfer_learning_e15f36s161m23.pth.tar",
                "8eba3db0f35a2788bb3ae22885ad340591e27996f213c6643af522a633b50dad",
                4_872_387,
            )
        },
        "BSD-3-Clause",
        R2SCAN,
        KnownAnswer(-13.72894, ((0.1034, -0.0605, 0.0306), (-0.1034, 0.0605, -0.0306))),
        "Huang et al., arXiv:2504.05565",
        "CHGNet r2SCAN",
        (CROSS_FUNCTIONAL,),
    ),
}
