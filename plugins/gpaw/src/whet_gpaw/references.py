"""What is to be cited by who uses GPAW, as BibTeX."""

GPAW = """\
@article{mortensen2024gpaw,
  title = {{GPAW}: An open {Python} package for electronic structure calculations},
  author = {Mortensen, Jens Jørgen and Larsen, Ask Hjorth and Kuisma, Mikael and others},
  journal = {The Journal of Chemical Physics},
  volume = {160},
  pages = {092503},
  year = {2024},
  doi = {10.1063/5.0182685},
}"""
