"""upgraded: checkpoint files that an older plugin saved, as the installed one reads them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from whet.contracts.component import Component
from whet.contracts.potential import Potential
from whet.data.durable import read_json, unwritable, write_json
from whet.data.errors import PluginError
from whet.data.identity import key_of
from whet.data.user_folders import user_cache

ROLES = "roles.json"


def upgraded(offered: type[Potential], component: Component, files: Mapping[str, Path]) -> Mapping[str, Path]:
    """The files themselves, or where they are of an older version those that `Potential.upgrade` makes of them.

    Those lie in the user's cache; what is in the store stays as it is. Raises PluginError where a newer plugin saved
    the files or this one has no upgrade, StoreError where the cache cannot be written.
    """
    saved, known = component.checkpoint_version, offered.checkpoint_version
    if saved == known or not files:
        return files
    if saved > known:
        what = f"the checkpoint of potential {offered.name!r} has version {saved}; the plugin here reads up to {known}"
        raise PluginError(what, hint="Update the plugin")
    contents = {role: ref.sha256 for role, ref in component.files.items()}
    folder = user_cache() / "whet" / "checkpoints" / key_of([offered.name, saved, known, contents])
    try:
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=folder.parent, prefix=".", ignore_cleanup_errors=True) as scratch:
                _write(offered, files, saved, Path(scratch) / "files", folder)
    except OSError as error:
        if error.errno is None:
            raise
        raise unwritable(folder, error) from error
    return {role: folder / name for role, name in read_json(folder / ROLES).items()}


def _write(offered: type[Potential], files: Mapping[str, Path], saved: int, made: Path, folder: Path) -> None:
    made.mkdir()
    paths = offered.upgrade(files, saved, made)
    write_json(made / ROLES, {role: str(path.relative_to(made)) for role, path in paths.items()})
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():  # no other process was faster
            raise
