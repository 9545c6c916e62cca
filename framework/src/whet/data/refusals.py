"""What to do where the operating system refuses to read or write: each of its reasons has its own advice."""

from __future__ import annotations

import errno
from pathlib import Path

from whet.data.errors import StoreError

AGAIN = "run the same command again: nothing is lost"

REFUSALS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk is full", f"Free some space and {AGAIN}"),
    errno.EDQUOT: ("your quota on this disk is used up", f"Free some of your space, or ask for more, and {AGAIN}"),
    errno.EFBIG: (
        "the file would be larger than is allowed here",
        f"Raise the limit (`ulimit -f unlimited`), or use another disk, and {AGAIN}",
    ),
    errno.EROFS: ("the disk can only be read", "Choose a folder on another disk"),
    errno.EACCES: ("there is no permission", "Check the permissions of the file and of the folders above it"),
    errno.EPERM: ("the operation is not permitted", "Check whose file it is, and whether it is protected"),
    errno.ENOENT: ("there is no such file or folder", "Check the name; something may have removed it meanwhile"),
    errno.EEXIST: ("a file is where a folder should be", "Move it away, or choose another name"),
    errno.ENOTDIR: ("a file is where a folder should be", "Move it away, or choose another name"),
    errno.EISDIR: ("a folder is where a file should be", "Move it away, or choose another name"),
    errno.ENOTEMPTY: ("there is something in the folder", "Move it away, or choose another name"),
    errno.ENAMETOOLONG: ("the name is too long for this disk", "Choose a shorter one"),
    errno.EILSEQ: ("this disk does not take such a name", "Choose one of plain letters"),
    errno.ELOOP: ("links lead in a circle", "Remove or mend the link"),
    errno.EXDEV: ("the two places are on different disks", "Choose places on one disk"),
    errno.EIO: (
        "the disk does not answer as it should (an input/output error)",
        "It may be failing: copy what you can",
    ),
    errno.ESTALE: ("the network disk has lost the file (a stale handle)", f"Mount it anew, or wait, and {AGAIN}"),
    errno.ETIMEDOUT: ("the disk does not answer", f"Wait for it, and {AGAIN}"),
    errno.EMFILE: ("too many files are open", f"Raise the limit (`ulimit -n 4096`), and {AGAIN}"),
    errno.ENFILE: ("too many files are open on this machine", f"Wait a little, and {AGAIN}"),
    errno.ENOMEM: ("there is no memory left", f"Use fewer workers, and {AGAIN}"),
    errno.ENXIO: ("nothing is at the other end of this pipe or device", "Give a regular file"),
    errno.ENODEV: ("the device is not there", "Give a regular file"),
    errno.ENOEXEC: ("this is no program", "Name the program itself"),
    errno.ETXTBSY: ("the file is a program that runs", "End it first, or choose another name"),
    errno.EBUSY: ("something else uses it", f"Wait until that has ended, and {AGAIN}"),
    errno.EBADF: ("it is closed", "Do not close it"),
    errno.ENOLCK: ("this disk has no locks", "Choose a folder on a disk that has"),
}
"""Error number -> what it means, and what to do."""


def refusal(error: OSError, where: str) -> StoreError:
    """The operating system's refusal, as one line that says what to do."""
    unknown = (f"the system refuses it ({error.strerror or error})", "")
    what, hint = REFUSALS.get(error.errno or 0, unknown)
    return StoreError(what, where=where, hint=hint)


def unwritable(path: Path, error: OSError) -> StoreError:
    """The refusal to write a file."""
    found = refusal(error, str(path))
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        found.what = f"cannot be written: {found.what}"
        found.args = (found.what,)
    return found


def unreadable(path: Path, error: OSError) -> StoreError:
    """The refusal to read a file."""
    found = refusal(error, str(path))
    found.what = f"cannot be read: {found.what}"
    found.args = (found.what,)
    return found
