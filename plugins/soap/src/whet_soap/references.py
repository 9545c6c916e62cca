"""What is to be cited by who uses SOAP, as BibTeX."""

SOAP = """\
@article{bartok2013soap,
  title = {On representing chemical environments},
  author = {Bartók, Albert P. and Kondor, Risi and Csányi, Gábor},
  journal = {Physical Review B},
  volume = {87},
  pages = {184115},
  year = {2013},
  doi = {10.1103/PhysRevB.87.184115},
}"""

DSCRIBE = """\
@article{himanen2020dscribe,
  title = {{DScribe}: Library of descriptors for machine learning in materials science},
  author = {Himanen, Lauri and Jäger, Marc O. J. and Morooka, Eiaki V. and others},
  journal = {Computer Physics Communications},
  volume = {247},
  pages = {106949},
  year = {2020},
  doi = {10.1016/j.cpc.2019.106949},
}"""
