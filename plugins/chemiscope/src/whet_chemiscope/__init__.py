"""A map of descriptor space for Whet. Importing this module imports neither chemiscope nor NumPy."""

from __future__ import annotations

from whet import Analysis, hookimpl
from whet_chemiscope.descriptor_map import DescriptorMap

whet_api = {"analyses": 1}


@hookimpl
def analyses() -> list[type[Analysis]]:
    return [DescriptorMap]
