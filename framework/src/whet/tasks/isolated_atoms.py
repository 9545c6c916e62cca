"""isolated-atoms: a single atom of each element of a data set, to be labeled for reference energies."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from whet.contracts.labeling import isolated_atom
from whet.contracts.ports import Dataset, Port
from whet.contracts.task import Outcome, Task, Work
from whet.data.frame_log import write_frames

if TYPE_CHECKING:
    from ase import Atoms


class LoneAtoms(Task):
    """Makes a frame of one isolated atom for each element that is trained on."""

    name = "isolated-atoms"
    inputs: ClassVar = {"data": Port(Dataset, many=False, what="what is trained on")}

    def run(self, work: Work) -> Outcome:
        """Leaves `frames`, in the order of the symbols, each atom in its ground state. Values: elements."""
        data = work.one("data", Dataset)
        elements = (data.train + data.valid).elements
        path = work.folder / "atoms.frames"
        write_frames(path, [_marked(symbol) for symbol in elements])
        return Outcome({"elements": list(elements)}, {"frames": path})


def _marked(symbol: str) -> Atoms:
    atom = isolated_atom(symbol)
    atom.info["config_type"] = "IsolatedAtom"
    return atom
