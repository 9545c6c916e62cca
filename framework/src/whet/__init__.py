"""Whet: measure the bias of universal interatomic potentials, and fine-tune it away with few labels.

What authors of plugins and notebooks need is listed in `__init__.pyi` beside this file, and comes from here when it is
first used: importing whet imports no ASE, NumPy or torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
