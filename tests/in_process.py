"""whet: the program in this process, for tests: a new interpreter takes a second."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from whet.cli.main import main


@dataclass
class Said:
    """What the program wrote, and its exit code."""

    stdout: str
    stderr: str
    code: int = 0


def whet(*arguments: str | Path, code: int | None = 0, folder: Path | None = None) -> Said:
    """Runs a command in a folder (by default here). code: that it has to end with; None for any."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(folder or Path.cwd()),
        mock.patch.object(sys, "argv", ["whet", *map(str, arguments)]),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    found = ended.value.code or 0
    assert isinstance(found, int)
    assert code is None or found == code, out.getvalue() + err.getvalue()
    return Said(out.getvalue(), err.getvalue(), found)
