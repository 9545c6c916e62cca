"""ReportFolder: a folder in which Whet keeps a report, and may keep other things of the user's."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from whet.data.durable import read_json, write_json, write_text
from whet.data.errors import InputError, StoreError
from whet.data.partials import remove_dead
from whet.data.refusals import unreadable, unwritable

MANIFEST = "whet-report.json"
"""File that says what of the folder is Whet's: of which results it is, and each file with its SHA-256."""

BEFORE = "plan.txt"
"""What stood for it before there was a manifest."""

OWN_NAME = re.compile(r"((tables|figures)/)?[a-z0-9-]+\.(csv|svg|vl\.json|html|json|txt|bib)")


class ReportFolder:
    """Files of a report. Nothing that Whet did not write, or that was changed since, is removed or written over."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check_place(self) -> None:
        """StoreError where there can be no such folder: asked before a report is made."""
        above = self.path.absolute()
        while not os.path.lexists(above):
            above = above.parent
        if not above.is_dir():
            raise unwritable(self.path, OSError(errno.ENOTDIR, ""))

    def is_of(self, about: Mapping[str, str]) -> bool:
        """Whether the whole report is here and says just that about itself."""
        found = self._manifest()
        names = found.get("files", {})
        is_whole = bool(names) and not found.get("pending") and all((self.path / name).is_file() for name in names)
        return is_whole and found.get("about") == dict(about)

    def asked(self, study: str) -> str | None:
        """How the study was called whose report is here (`Invocation.identity`); None where Whet has none here.

        study: its name. Empty for a report of a study of that name that does not say how it was called.
        """
        about = self._manifest().get("about") or {}
        return about.get("asked", "" if about.get("study") == study else "?") if about else None

    def replace(self, files: Mapping[str, str], about: Mapping[str, str]) -> None:
        """Makes this the report: name -> text, and what it is about. Files of the report before that are not in it go.

        InputError, and nothing is written, where something that is not Whet's has one of the names. A write that is
        cut off is gone on with by the next one. StoreError where the folder cannot be written.
        """
        own = self._own()
        digests = {name: _digest(text.encode()) for name, text in files.items()}
        try:
            self._check(own, digests)
            kept = {name: sorted(known) for name, known in own.items()}
            # Said before it is done: whatever cuts this off, the next one knows both the old files and the new ones.
            self._write_manifest({"about": {}, "files": kept, "pending": digests})
            for name, text in files.items():
                if self._found(name) != digests[name]:
                    write_text(self.path / name, text)
            for name in own.keys() - files.keys():
                if self._found(name) in own[name]:
                    (self.path / name).unlink(missing_ok=True)
                remove_dead(self.path / name)
            for folder in ("tables", "figures"):
                with suppress(OSError):  # something is in it, or it is not there
                    (self.path / folder).rmdir()
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise unreadable(Path(error.filename or self.path), error) from error
        self._write_manifest({"about": dict(about), "files": {name: [digest] for name, digest in digests.items()}})

    def _write_manifest(self, said: Mapping[str, Any]) -> None:
        write_json(self.path / MANIFEST, {"written_by": "whet report", **said})

    def _check(self, own: Mapping[str, set[str]], digests: Mapping[str, str]) -> None:
        """InputError where what is not ours is in the way."""
        in_the_way = [
            name
            for name, digest in digests.items()
            if (found := self._found(name)) and found != digest and found not in own.get(name, ())
        ]
        if self._found(MANIFEST) and not self._manifest():
            in_the_way.append(MANIFEST)
        if not in_the_way:
            return
        changed = all(name in own for name in in_the_way)
        what = "was changed since Whet wrote it" if changed else "is not of a report that Whet wrote"
        more = f" (and {len(in_the_way) - 1} more)" if len(in_the_way) > 1 else ""
        hint = "Nothing was written. Give another folder with --out, or move away what is there"
        raise InputError(f"{in_the_way[0]}{more} {what}", where=str(self.path), hint=hint)

    def _own(self) -> dict[str, set[str]]:
        """Name -> SHA-256 that Whet gave the file: the last, and while a report is being written also the next."""
        said = self._manifest()
        if not said:
            return self._before()
        own = {name: set(known) for name, known in said["files"].items()}
        for name, digest in said.get("pending", {}).items():
            own.setdefault(name, set()).add(digest)
        return own

    def _before(self) -> dict[str, set[str]]:
        """The files of a report from before there was a manifest: those that its page names, as they are."""
        plan, page = self.path / BEFORE, self.path / "index.html"
        try:
            if not re.fullmatch(r"[0-9a-f]{32}\n", plan.read_text(encoding="utf-8")):
                return {}
            text = page.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return {}
        named = re.findall(r'href="([^"#]+)"', text)
        names = {BEFORE, "index.html", *(name for name in named if OWN_NAME.fullmatch(name))}
        return {name: {found} for name in names if "scores.json" in named and (found := self._found(name))}

    def _manifest(self) -> dict[str, Any]:
        """What the manifest says; nothing where there is none that Whet wrote."""
        try:
            said = read_json(self.path / MANIFEST) if (self.path / MANIFEST).is_file() else {}
        except (OSError, StoreError):
            return {}
        try:
            if said["written_by"] != "whet report" or not isinstance(said["about"], dict):
                return {}
            names = [*said["files"], *said.get("pending", {})]
            known = [*said["files"].values(), *([digest] for digest in said.get("pending", {}).values())]
        except (KeyError, TypeError, AttributeError):
            return {}
        is_sound = all(isinstance(digests, list) and all(isinstance(one, str) for one in digests) for digests in known)
        return said if is_sound and all(OWN_NAME.fullmatch(name) for name in names) else {}

    def _found(self, name: str) -> str:
        """SHA-256 of the file; empty where there is nothing, and no digest at all where it is no file."""
        path = self.path / name
        if path.is_symlink() or (path.exists() and not path.is_file()):
            return "no file"
        above = path.parent
        if above.exists() and not above.is_dir():
            return "no file"
        return _digest(path.read_bytes()) if path.is_file() else ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
