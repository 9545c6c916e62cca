"""The conformance kit: what every backend must do, as checks that its author runs.

`check_potential("mine")` returns a `Conformance`; `class TestMine(PotentialConformance): given = "mine"` makes a test
of each check; `whet plugins check mine` prints them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
