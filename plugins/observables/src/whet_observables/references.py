"""What is to be cited by who uses these analyses, as BibTeX."""

NIBLETT = """\
@article{niblett2024transferability,
  title = {Transferability of datasets between Machine-Learning Interaction Potentials},
  author = {Niblett, Samuel P. and Kourtis, Panagiotis and Magdău, Ioan-Bogdan and Grey, Clare P. and Csányi, Gábor},
  journal = {arXiv preprint},
  year = {2024},
}"""

UNWRAPPING = """\
@article{vonbulow2020systematic,
  title = {Systematic errors in diffusion coefficients from long-time molecular dynamics simulations at constant
           pressure},
  author = {von Bülow, Sören and Bullerjahn, Jakob Tómas and Hummer, Gerhard},
  journal = {The Journal of Chemical Physics},
  volume = {153},
  pages = {021101},
  year = {2020},
  doi = {10.1063/5.0008316},
}"""

KINISI = """\
@article{mccluskey2025accurate,
  title = {Accurate Estimation of Diffusion Coefficients and their Uncertainties from Computer Simulation},
  author = {McCluskey, Andrew R. and Coles, Samuel W. and Morgan, Benjamin J.},
  journal = {Journal of Chemical Theory and Computation},
  volume = {21},
  pages = {79--87},
  year = {2025},
  doi = {10.1021/acs.jctc.4c01249},
}"""

BLOCKS = """\
@article{flyvbjerg1989error,
  title = {Error estimates on averages of correlated data},
  author = {Flyvbjerg, H. and Petersen, H. G.},
  journal = {The Journal of Chemical Physics},
  volume = {91},
  pages = {461--466},
  year = {1989},
  doi = {10.1063/1.457480},
}"""

STATES = """\
@article{dickey1969computer,
  title = {Computer Simulation of the Lattice Dynamics of Solids},
  author = {Dickey, J. M. and Paskin, Arthur},
  journal = {Physical Review},
  volume = {188},
  pages = {1407--1418},
  year = {1969},
  doi = {10.1103/PhysRev.188.1407},
}"""

ALLEN = """\
@book{allen2017computer,
  title = {Computer Simulation of Liquids},
  author = {Allen, Michael P. and Tildesley, Dominic J.},
  edition = {2},
  publisher = {Oxford University Press},
  year = {2017},
  doi = {10.1093/oso/9780198803195.001.0001},
}"""
