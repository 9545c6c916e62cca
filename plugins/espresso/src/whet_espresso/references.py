"""What is to be cited by who uses Quantum ESPRESSO, as BibTeX."""

QUANTUM_ESPRESSO = """\
@article{giannozzi2017espresso,
  title = {Advanced capabilities for materials modelling with {Quantum ESPRESSO}},
  author = {Giannozzi, Paolo and Andreussi, Oliviero and Brumme, Thomas and others},
  journal = {Journal of Physics: Condensed Matter},
  volume = {29},
  pages = {465901},
  year = {2017},
  doi = {10.1088/1361-648X/aa8f79},
}"""
