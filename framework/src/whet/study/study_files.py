"""study_files_of: which study files beside a store keep their results in it."""

from __future__ import annotations

from pathlib import Path

from whet.data.errors import WhetError
from whet.study.study import named_store
from whet.study.study_file import read_study


def study_files_of(store: Path) -> dict[Path, str]:
    """File -> the study's name. Looked for in the folder of the store and those directly in it, as far as readable."""
    found: dict[Path, str] = {}
    folder = store.resolve().parent
    for path in sorted(one for pattern in ("*.yaml", "*.yml", "*/*.yaml", "*/*.yml") for one in folder.glob(pattern)):
        try:
            file, source = read_study(path)
            if named_store(file, source).root.resolve() == store.resolve():
                found[path] = file.name
        except (WhetError, OSError):
            continue
    return found
