"""Papers whose methods the core itself uses, as BibTeX; those of components are their plugins' to say."""

from __future__ import annotations

WHET = """\
@software{whet,
  title = {Whet: measuring and removing the bias of universal interatomic potentials},
  author = {{The Whet developers}},
  version = {VERSION},
  license = {MIT},
}"""
"""As CITATION.cff says; VERSION stands for that of the results."""

WONG_YANG = """\
@misc{wong2026bias,
  title = {Bias in Universal Machine-Learned Interatomic Potentials and its Effects on Fine-Tuning},
  author = {Wong, Nicolas H. and Yang, Julia H.},
  year = {2026},
  eprint = {2603.10159},
  archivePrefix = {arXiv},
}"""
"""Errors, naive and periodic fine-tuning, coverage, Q-residuals."""

DENG = """\
@article{deng2025softening,
  title = {Systematic softening in universal machine learning interatomic potentials},
  author = {Deng, Bowen and Choi, Yunyeong and Zhong, Peichen and Riebesell, Janosh and Anand, Shashwat and Li, Zhuohan
    and Jun, KyuJung and Persson, Kristin A. and Ceder, Gerbrand},
  journal = {npj Computational Materials},
  volume = {11},
  pages = {9},
  year = {2025},
  doi = {10.1038/s41524-024-01500-6},
}"""
"""Softening scale."""

NIBLETT = """\
@misc{niblett2024transferability,
  title = {Transferability of datasets between machine-learning interaction potentials},
  author = {Niblett, Samuel P. and Kourtis, Panagiotis and Magdău, Ioan-Bogdan and Grey, Clare P. and Csányi, Gábor},
  year = {2024},
  eprint = {2409.05590},
  archivePrefix = {arXiv},
}"""
"""Committees whose disagreement chooses frames."""
