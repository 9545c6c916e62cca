"""What is to be cited by who uses Packmol, as BibTeX."""

PACKMOL = """\
@article{martinez2009packmol,
  title = {{PACKMOL}: A package for building initial configurations for molecular dynamics simulations},
  author = {Martínez, Leandro and Andrade, Ricardo and Birgin, Ernesto G. and Martínez, José Mario},
  journal = {Journal of Computational Chemistry},
  volume = {30},
  pages = {2157--2164},
  year = {2009},
  doi = {10.1002/jcc.21224},
}"""
