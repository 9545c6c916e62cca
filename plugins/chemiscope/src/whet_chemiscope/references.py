"""What is to be cited by who uses the map, as BibTeX."""

CHEMISCOPE = """\
@article{fraux2020chemiscope,
  title = {Chemiscope: interactive structure-property explorer for materials and molecules},
  author = {Fraux, Guillaume and Cersonsky, Rose K. and Ceriotti, Michele},
  journal = {Journal of Open Source Software},
  volume = {5},
  number = {51},
  pages = {2117},
  year = {2020},
  doi = {10.21105/joss.02117},
}"""
