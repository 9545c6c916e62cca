"""The foundation models of MatGL: those of the Hugging Face organization `materialyze`, and two older M3GNet."""

from __future__ import annotations

from whet import FoundationModel, KnownAnswer, LevelOfTheory, ModelFile
from whet_matgl.references import M3GNET, MATPES_SET

FILES = ("model.json", "model.pt", "state.pt")
"""The files of a saved model: roles in a component, names in a folder."""

HUB = "https://huggingface.co/materialyze/{name}/resolve/main/{file}"
OLD = "https://raw.githubusercontent.com/materialsvirtuallab/matgl/v1.1.3/pretrained_models/{name}/{file}"

PBE = LevelOfTheory("PBE", "VASP", settings={"data": "MatPES-PBE"})
R2SCAN = LevelOfTheory("r2SCAN", "VASP", settings={"data": "MatPES-r2SCAN"})
"""Of the labels: static calculations of the MatPES sets, without U."""

RELAXATIONS = LevelOfTheory("PBE/PBE+U", "VASP", settings={"data": "MP-2021.2.8"})
"""Of the labels: relaxations of the Materials Project, uncorrected (U as it sets it, by compound)."""

MATPES = "Kaplan et al., arXiv:2503.04070"
BSD = "BSD-3-Clause"

NaCl = KnownAnswer(2 * -3.37, tolerance=0.05)
"""From matgl 1.1.3, where both M3GNet of 2021 are right. matgl 3 and 4 misread them: −1.25 and −2.31 eV/atom."""


def _file(name: str, file: str, address: str, sha256: str = "", size: int = 0, *, cached: bool = False) -> ModelFile:
    return ModelFile(
        (f"matgl/{name}/{file}", f"{name}/{file}"),
        sha256,
        size,
        address.format(name=name, file=file),
        cached=(f"matgl/{name}/{file}",) if cached else (),
    )


def _hub(name: str, theory: LevelOfTheory, licence: str) -> FoundationModel:
    # No checksum and no answer is known here, so these go by their name alone, and a folder is not recognized.
    return FoundationModel(
        {file: _file(name, file, HUB) for file in FILES}, licence, theory, None, MATPES, name, (MATPES_SET,)
    )


def _old(name: str, content: dict[str, tuple[str, int]]) -> FoundationModel:
    files = {file: _file(name, file, OLD, *content[file], cached=True) for file in FILES}
    return FoundationModel(
        files, BSD, RELAXATIONS, NaCl, "Chen and Ong, Nat. Comput. Sci. 2, 718 (2022)", name, (M3GNET,)
    )


PUBLISHED = (
    ("TensorNet-PES-MatPES-PBE-2025.2", PBE, ""),
    ("TensorNet-PES-MatPES-PBE-2025.2-m", PBE, ""),
    ("TensorNet-PES-MatPES-r2SCAN-2025.2", R2SCAN, ""),
    ("TensorNet-PES-MatPES-r2SCAN-2025.2-m", R2SCAN, ""),
    ("CHGNet-PES-MatPES-PBE-2025.2.10", PBE, BSD),
    ("CHGNet-PES-MatPES-r2SCAN-2025.2.10", R2SCAN, BSD),
    ("QET-PES-MatPES-PBE-2025.2", PBE, ""),
    ("QET-PES-MatPES-r2SCAN-2025.2", R2SCAN, ""),
)
"""Name, theory and licence; the cards of some models name none."""

MISREAD = {
    "M3GNet-MP-2021.2.8-PES": {
        "model.json": ("05e7db8676ceb37eb07848aff49c556b188699e1035f3df0cbbf1a2c4959148f", 5_211),
        "model.pt": ("62678f76fbc5d8997ea1d7f3c4bf086df200102125c802b32b08ce14fbcde25b", 672_717),
        "state.pt": ("a9aa723705bd1a242ec8749332f137811c4a94e17995a564f8f94a9aca68061b", 1_228_529),
    },
    "M3GNet-MP-2021.2.8-DIRECT-PES": {
        "model.json": ("2aaa8a11440728d71d0171fe996addc08079be2908032dd00ead912c5a287b2a", 5_215),
        "model.pt": ("1050f95642f9a234ddc4119b9756688dc23296aabf05dcf5b10c686dd39dbc24", 671_949),
        "state.pt": ("903ffe75e7a94c876373d04f8fea0c7cd3333afbf1b908fe61e54ddd74243994", 4_543_793),
    },
}
"""Known in order to be refused by their answer: content of the files of models that matgl 4 loads without an error."""

MODELS = {
    **{name: _hub(name, theory, licence) for name, theory, licence in PUBLISHED},
    **{name: _old(name, content) for name, content in MISREAD.items()},
}
