"""SOAP descriptors for Whet. Importing this module imports neither DScribe nor NumPy."""

from __future__ import annotations

from whet import Descriptor, hookimpl
from whet_soap.descriptor import SoapDescriptor

whet_api = {"descriptors": 1}


@hookimpl
def descriptors() -> list[type[Descriptor]]:
    return [SoapDescriptor]
