"""What is to be cited by who uses LAMMPS, as BibTeX."""

LAMMPS = """\
@article{thompson2022lammps,
  title = {{LAMMPS} -- a flexible simulation tool for particle-based materials modeling at the atomic, meso,
    and continuum scales},
  author = {Thompson, Aidan P. and Aktulga, H. Metin and Berger, Richard and others},
  journal = {Computer Physics Communications},
  volume = {271},
  pages = {108171},
  year = {2022},
  doi = {10.1016/j.cpc.2021.108171},
}"""
