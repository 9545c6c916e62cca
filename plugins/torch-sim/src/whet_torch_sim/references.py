"""What is to be cited by who uses TorchSim, as BibTeX."""

TORCH_SIM = """\
@article{cohen2025torchsim,
  title = {{TorchSim}: An efficient atomistic simulation engine in {PyTorch}},
  author = {Cohen, Orion and Riebesell, Janosh and Goodall, Rhys and Kolluru, Adeesh and Falletta, Stefano and
    Krause, Joseph and Colindres, Jorge and Ceder, Gerbrand and Gangan, Abhijeet S.},
  journal = {AI for Science},
  volume = {1},
  pages = {025003},
  year = {2025},
  doi = {10.1088/3050-287X/ae1799},
}"""
