"""What is to be cited by who uses these analyses, as BibTeX."""

NETWORKX = """\
@inproceedings{hagberg2008networkx,
  title = {Exploring network structure, dynamics, and function using {NetworkX}},
  author = {Hagberg, Aric A. and Schult, Daniel A. and Swart, Pieter J.},
  booktitle = {Proceedings of the 7th Python in Science Conference},
  pages = {11--15},
  year = {2008},
}"""

WEISFEILER_LEHMAN = """\
@article{shervashidze2011weisfeiler,
  title = {{Weisfeiler-Lehman} graph kernels},
  author = {Shervashidze, Nino and Schweitzer, Pascal and van Leeuwen, Erik Jan and Mehlhorn, Kurt and
            Borgwardt, Karsten M.},
  journal = {Journal of Machine Learning Research},
  volume = {12},
  pages = {2539--2561},
  year = {2011},
}"""

RADII = """\
@article{cordero2008covalent,
  title = {Covalent radii revisited},
  author = {Cordero, Beatriz and Gómez, Verónica and Platero-Prats, Ana E. and others},
  journal = {Dalton Transactions},
  pages = {2832--2838},
  year = {2008},
  doi = {10.1039/b801115j},
}"""
