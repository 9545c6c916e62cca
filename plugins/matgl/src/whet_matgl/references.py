"""What is to be cited by who uses MatGL, as BibTeX."""

MATGL = """\
@article{ko2025matgl,
  title = {Materials Graph Library ({MatGL}), an open-source graph deep learning library for materials science
    and chemistry},
  author = {Ko, Tsz Wai and Deng, Bowen and Nassar, Marcel and others},
  journal = {npj Computational Materials},
  volume = {11},
  pages = {253},
  year = {2025},
  doi = {10.1038/s41524-025-01742-y},
}"""

MATPES_SET = """\
@misc{kaplan2025matpes,
  title = {A foundational potential energy surface dataset for materials},
  author = {Kaplan, Aaron D. and Liu, Runze and Qi, Ji and others},
  year = {2025},
  eprint = {2503.04070},
  archivePrefix = {arXiv},
}"""

M3GNET = """\
@article{chen2022m3gnet,
  title = {A universal graph deep learning interatomic potential for the periodic table},
  author = {Chen, Chi and Ong, Shyue Ping},
  journal = {Nature Computational Science},
  volume = {2},
  pages = {718--728},
  year = {2022},
  doi = {10.1038/s43588-022-00349-3},
}"""
