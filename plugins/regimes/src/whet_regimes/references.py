"""What is to be cited by who uses this analysis, as BibTeX."""

RUPTURES = """\
@article{truong2020selective,
  title = {Selective review of offline change point detection methods},
  author = {Truong, Charles and Oudre, Laurent and Vayatis, Nicolas},
  journal = {Signal Processing},
  volume = {167},
  pages = {107299},
  year = {2020},
  doi = {10.1016/j.sigpro.2019.107299},
}"""

INEFFICIENCY = """\
@article{chodera2007use,
  title = {Use of the weighted histogram analysis method for the analysis of simulated and parallel tempering
           simulations},
  author = {Chodera, John D. and Swope, William C. and Pitera, Jed W. and Seok, Chaok and Dill, Ken A.},
  journal = {Journal of Chemical Theory and Computation},
  volume = {3},
  pages = {26--41},
  year = {2007},
  doi = {10.1021/ct0502864},
}"""

PLACE = """\
@article{bai1997estimation,
  title = {Estimation of a change point in multiple regression models},
  author = {Bai, Jushan},
  journal = {Review of Economics and Statistics},
  volume = {79},
  pages = {551--563},
  year = {1997},
  doi = {10.1162/003465397557132},
}"""

WANDERING = """\
@article{shao2010testing,
  title = {Testing for change points in time series},
  author = {Shao, Xiaofeng and Zhang, Xianyang},
  journal = {Journal of the American Statistical Association},
  volume = {105},
  pages = {1228--1240},
  year = {2010},
  doi = {10.1198/jasa.2010.tm10103},
}"""
