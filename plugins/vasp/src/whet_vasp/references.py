"""What is to be cited by who uses VASP, as BibTeX."""

VASP = """\
@article{kresse1996vasp,
  title = {Efficient iterative schemes for ab initio total-energy calculations using a plane-wave basis set},
  author = {Kresse, Georg and Furthmüller, Jürgen},
  journal = {Physical Review B},
  volume = {54},
  pages = {11169--11186},
  year = {1996},
  doi = {10.1103/PhysRevB.54.11169},
}"""

PAW = """\
@article{kresse1999paw,
  title = {From ultrasoft pseudopotentials to the projector augmented-wave method},
  author = {Kresse, Georg and Joubert, Daniel},
  journal = {Physical Review B},
  volume = {59},
  pages = {1758--1775},
  year = {1999},
  doi = {10.1103/PhysRevB.59.1758},
}"""
