"""What is to be cited by who uses D3 dispersion, as BibTeX."""

D3 = """\
@article{grimme2010d3,
  title = {A consistent and accurate ab initio parametrization of density functional dispersion correction
    ({DFT-D}) for the 94 elements {H-Pu}},
  author = {Grimme, Stefan and Antony, Jens and Ehrlich, Stephan and Krieg, Helge},
  journal = {The Journal of Chemical Physics},
  volume = {132},
  pages = {154104},
  year = {2010},
  doi = {10.1063/1.3382344},
}"""

DAMPING = """\
@article{grimme2011damping,
  title = {Effect of the damping function in dispersion corrected density functional theory},
  author = {Grimme, Stefan and Ehrlich, Stephan and Goerigk, Lars},
  journal = {Journal of Computational Chemistry},
  volume = {32},
  pages = {1456--1465},
  year = {2011},
  doi = {10.1002/jcc.21759},
}"""

SIMPLE_DFTD3 = """\
@article{ehlert2024dftd3,
  title = {Simple {DFT-D3}: Library first implementation of the {D3} dispersion correction},
  author = {Ehlert, Sebastian},
  journal = {Journal of Open Source Software},
  volume = {9},
  pages = {7169},
  year = {2024},
  doi = {10.21105/joss.07169},
}"""
