"""What is to be cited by who uses these probes, as BibTeX."""

MATCALC = """\
@software{liu2024matcalc,
  title = {{MatCalc}: calculators for materials properties from the potential energy surface},
  author = {Liu, Runze and Liu, Elliott and Riebesell, Janosh and Qi, Ji and Ong, Shyue Ping and Ko, Tsz Wai},
  year = {2024},
  url = {https://github.com/materialsvirtuallab/matcalc},
}"""

ELASTICITY = """\
@article{dejong2015elastic,
  title = {Charting the complete elastic properties of inorganic crystalline compounds},
  author = {de Jong, Maarten and Chen, Wei and Angsten, Thomas and others},
  journal = {Scientific Data},
  volume = {2},
  pages = {150009},
  year = {2015},
  doi = {10.1038/sdata.2015.9},
}"""

PHONOPY = """\
@article{togo2023phonopy,
  title = {Implementation strategies in phonopy and phono3py},
  author = {Togo, Atsushi and Chaput, Laurent and Tadano, Terumasa and Tanaka, Isao},
  journal = {Journal of Physics: Condensed Matter},
  volume = {35},
  pages = {353001},
  year = {2023},
  doi = {10.1088/1361-648X/acd831},
}"""

CLIMBING_IMAGE = """\
@article{henkelman2000climbing,
  title = {A climbing image nudged elastic band method for finding saddle points and minimum energy paths},
  author = {Henkelman, Graeme and Uberuaga, Blas P. and Jónsson, Hannes},
  journal = {The Journal of Chemical Physics},
  volume = {113},
  pages = {9901--9904},
  year = {2000},
  doi = {10.1063/1.1329672},
}"""

SLABS = """\
@article{sun2013slabs,
  title = {Efficient creation and convergence of surface slabs},
  author = {Sun, Wenhao and Ceder, Gerbrand},
  journal = {Surface Science},
  volume = {617},
  pages = {53--59},
  year = {2013},
  doi = {10.1016/j.susc.2013.05.016},
}"""
