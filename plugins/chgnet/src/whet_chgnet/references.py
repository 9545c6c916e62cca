"""What is to be cited by who uses CHGNet, as BibTeX."""

CHGNET = """\
@article{deng2023chgnet,
  title = {{CHGNet} as a pretrained universal neural network potential for charge-informed atomistic modelling},
  author = {Deng, Bowen and Zhong, Peichen and Jun, KyuJung and Riebesell, Janosh and Han, Kevin and Bartel,
    Christopher J. and Ceder, Gerbrand},
  journal = {Nature Machine Intelligence},
  volume = {5},
  pages = {1031--1041},
  year = {2023},
  doi = {10.1038/s42256-023-00716-3},
}"""

CROSS_FUNCTIONAL = """\
@misc{huang2025crossfunctional,
  title = {Cross-functional transferability in universal machine learning interatomic potentials},
  author = {Huang, Xu and Deng, Bowen and Zhong, Peichen and Kaplan, Aaron D. and Persson, Kristin A. and
    Ceder, Gerbrand},
  year = {2025},
  eprint = {2504.05565},
  archivePrefix = {arXiv},
}"""
