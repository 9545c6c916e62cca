"""What is to be cited by who uses tblite, as BibTeX."""

GFN1 = """\
@article{grimme2017gfn,
  title = {A robust and accurate tight-binding quantum chemical method for structures, vibrational frequencies,
    and noncovalent interactions of large molecular systems parametrized for all spd-block elements ({Z} = 1--86)},
  author = {Grimme, Stefan and Bannwarth, Christoph and Shushkov, Philip},
  journal = {Journal of Chemical Theory and Computation},
  volume = {13},
  pages = {1989--2009},
  year = {2017},
  doi = {10.1021/acs.jctc.7b00118},
}"""

GFN2 = """\
@article{bannwarth2019gfn2,
  title = {{GFN2-xTB}: An accurate and broadly parametrized self-consistent tight-binding quantum chemical
    method with multipole electrostatics and density-dependent dispersion contributions},
  author = {Bannwarth, Christoph and Ehlert, Sebastian and Grimme, Stefan},
  journal = {Journal of Chemical Theory and Computation},
  volume = {15},
  pages = {1652--1671},
  year = {2019},
  doi = {10.1021/acs.jctc.8b01176},
}"""
