"""What is to be cited by who uses SevenNet, as BibTeX."""

SEVENNET = """\
@article{park2024sevennet,
  title = {Scalable parallel algorithm for graph neural network interatomic potentials in molecular dynamics
    simulations},
  author = {Park, Yutack and Kim, Jaesun and Hwang, Seungwoo and Han, Seungwu},
  journal = {Journal of Chemical Theory and Computation},
  volume = {20},
  pages = {4857--4868},
  year = {2024},
  doi = {10.1021/acs.jctc.4c00190},
}"""

MULTI_FIDELITY = """\
@article{kim2025multifidelity,
  title = {Data-efficient multifidelity training for high-fidelity machine learning interatomic potentials},
  author = {Kim, Jaesun and others},
  journal = {Journal of the American Chemical Society},
  volume = {147},
  pages = {1042},
  year = {2025},
}"""
