"""What is to be cited by who uses matscipy, as BibTeX."""

MATSCIPY = """\
@article{grigorev2024matscipy,
  title = {matscipy: materials science at the atomic scale with {Python}},
  author = {Grigorev, Petr and Frérot, Lucas and Birks, Fraser and Gola, Adrien and Golebiowski, Jacek and
    Grießer, Jan and Hörmann, Johannes L. and Klemenz, Andreas and Moras, Gianpietro and Nöhring, Wolfram G. and
    Oldenstaedt, Jonas A. and Patel, Punit and Reichenbach, Thomas and Rocke, Thomas and Shenoy, Lakshmi and
    Walter, Michael and Wengert, Simon and Zhang, Lei and Kermode, James R. and Pastewka, Lars},
  journal = {Journal of Open Source Software},
  volume = {9},
  number = {93},
  pages = {5668},
  year = {2024},
  doi = {10.21105/joss.05668},
}"""
