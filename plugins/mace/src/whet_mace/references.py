"""What is to be cited by who uses MACE, as BibTeX."""

MACE = """\
@inproceedings{batatia2022mace,
  title = {{MACE}: Higher order equivariant message passing neural networks for fast and accurate force fields},
  author = {Batatia, Ilyes and Kovács, Dávid Péter and Simm, Gregor N. C. and Ortner, Christoph and Csányi, Gábor},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {35},
  year = {2022},
}"""

MACE_MP_0 = """\
@misc{batatia2023foundation,
  title = {A foundation model for atomistic materials chemistry},
  author = {Batatia, Ilyes and Benner, Philipp and Chiang, Yuan and others},
  year = {2023},
  eprint = {2401.00096},
  archivePrefix = {arXiv},
}"""
