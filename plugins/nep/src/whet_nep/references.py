"""What is to be cited by who uses NEP, as BibTeX."""

NEP = """\
@article{fan2022gpumd,
  title = {{GPUMD}: A package for constructing accurate machine-learned potentials and performing highly
    efficient atomistic simulations},
  author = {Fan, Zheyong and Wang, Yanzhou and Ying, Penghua and others},
  journal = {The Journal of Chemical Physics},
  volume = {157},
  pages = {114801},
  year = {2022},
  doi = {10.1063/5.0106617},
}"""

NEP89 = """\
@misc{liang2025nep89,
  title = {{NEP89}: Universal neuroevolution potential for inorganic and organic materials across 89 elements},
  author = {Liang, Ting and Xu, Ke and Lindgren, Eric and others},
  year = {2025},
  eprint = {2504.21286},
  archivePrefix = {arXiv},
}"""

CALORINE = """\
@article{lindgren2024calorine,
  title = {calorine: A {Python} package for constructing and sampling neuroevolution potential models},
  author = {Lindgren, Eric and Rahm, Magnus and Fransson, Erik and Eriksson, Fredrik and Österbacka, Nicklas
    and Fan, Zheyong and Erhart, Paul},
  journal = {Journal of Open Source Software},
  volume = {9},
  pages = {6264},
  year = {2024},
  doi = {10.21105/joss.06264},
}"""
