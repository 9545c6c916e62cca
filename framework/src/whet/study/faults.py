"""FaultList: what is wrong with a study, gathered on the way instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from whet.data.errors import SeveralFaults, WhetError


@dataclass
class FaultList:
    """Faults in the order in which they were found."""

    found: list[WhetError] = field(default_factory=list)

    def add(self, error: WhetError) -> None:
        """One more, or several at once."""
        self.found += error.faults if isinstance(error, SeveralFaults) else [error]

    @contextmanager
    def kept(self) -> Iterator[None]:
        """What goes wrong inside is added; the rest of the block is left out."""
        try:
            yield
        except WhetError as error:
            self.add(error)

    def stop(self) -> None:
        """Raises what was found: the one fault itself, or SeveralFaults, in the order of the file."""
        if not self.found:
            return
        several = SeveralFaults(self.found)
        raise several.faults[0] if len(several.faults) == 1 else several
