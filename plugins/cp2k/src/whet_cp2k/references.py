"""What is to be cited by who uses CP2K, as BibTeX."""

CP2K = """\
@article{kuhne2020cp2k,
  title = {{CP2K}: An electronic structure and molecular dynamics software package -- {Quickstep}: Efficient
    and accurate electronic structure calculations},
  author = {Kühne, Thomas D. and Iannuzzi, Marcella and Del Ben, Mauro and others},
  journal = {The Journal of Chemical Physics},
  volume = {152},
  pages = {194103},
  year = {2020},
  doi = {10.1063/5.0007045},
}"""
