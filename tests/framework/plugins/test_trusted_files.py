"""The user's list of trusted files: by content, for every process, all or nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from whet import InputError, TrustedFiles
from whet.data.errors import StoreError
from whet.data.identity import file_digest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def a_file(folder: Path, content: bytes = b"one") -> Path:
    path = folder / "mine.model"
    path.write_bytes(content)
    return path


def test_a_content_is_trusted_and_no_longer(home: Path) -> None:
    path = a_file(home)
    sha256 = file_digest(path)
    assert sha256 not in TrustedFiles()
    (entry,) = TrustedFiles().add([path])
    assert (entry.sha256, entry.name, entry.by) == (sha256, "mine.model", "trusted by you")
    assert (home / "data" / "whet" / "trusted.json").is_file()
    assert TrustedFiles().voucher(sha256).startswith("trusted by you on 20")
    assert TrustedFiles().add([path]) == [entry] == TrustedFiles().entries
    assert TrustedFiles().named(str(path)) == TrustedFiles().named(sha256[:8]) == entry
    path.write_bytes(b"two")
    assert file_digest(path) not in TrustedFiles()
    with pytest.raises(InputError, match="not a trusted file"):
        TrustedFiles().named(str(path))
    with pytest.raises(InputError, match="not a trusted file"):
        TrustedFiles().named("")
    assert TrustedFiles().remove([sha256]) == [entry]
    assert sha256 not in TrustedFiles()
    assert TrustedFiles().remove([sha256]) == []


def test_without_xdg_it_is_below_the_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(home))
    assert TrustedFiles().path == home / ".local" / "share" / "whet" / "trusted.json"


def test_nothing_is_entered_where_a_file_is_missing(home: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        TrustedFiles().add([a_file(home), home / "absent"])
    assert TrustedFiles().entries == []


@pytest.mark.parametrize("content", ['{"format": 2}', "[]", '{"format": 1, "files": {"a": {}}}', "{", "null"])
def test_a_damaged_list_trusts_nothing_and_says_so(home: Path, content: str) -> None:
    TrustedFiles().add([a_file(home)])
    TrustedFiles().path.write_text(content)
    with pytest.raises(StoreError, match=r"trusted\.json"):
        TrustedFiles().voucher("0" * 64)


def test_processes_that_write_at_once_lose_nothing(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from whet.plugins.trusted_files import TrustedFiles\n"
        "for n in range(15):\n"
        "    path = Path(sys.argv[1]) / f'{sys.argv[2]}-{n}'\n"
        "    path.write_text(path.name)\n"
        "    TrustedFiles().add([path])\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(home), name]) for name in "abc"]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    assert len(TrustedFiles().entries) == 45
