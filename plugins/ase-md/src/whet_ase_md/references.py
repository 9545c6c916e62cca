"""What is to be cited by who uses ASE, as BibTeX."""

ASE = """\
@article{larsen2017ase,
  title = {The atomic simulation environment -- a {Python} library for working with atoms},
  author = {Larsen, Ask Hjorth and Mortensen, Jens Jørgen and Blomqvist, Jakob and others},
  journal = {Journal of Physics: Condensed Matter},
  volume = {29},
  pages = {273002},
  year = {2017},
  doi = {10.1088/1361-648X/aa680e},
}"""
