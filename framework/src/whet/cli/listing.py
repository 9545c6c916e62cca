"""list_plugins: what `whet plugins` prints. Imports no typer."""

from __future__ import annotations

import shutil
import textwrap


def list_plugins(json: bool) -> None:
    """Prints every backend that is installed, and what is wrong with those that cannot be used."""
    from whet.plugins.hookspecs import KINDS
    from whet.plugins.registry import registry

    lines = registry().listings()
    if json:
        import dataclasses
        import json as json_module

        _say(json_module.dumps([dataclasses.asdict(line) for line in lines], indent=1, ensure_ascii=False))
        return
    if not lines:
        _say("No plugin is installed. For example: pip install whet-chgnet")
    hook, wide = None, max(len(line.name) for line in lines)
    for line in lines:
        if line.hook != hook and line.hook:
            hook = line.hook
            _say(KINDS[hook].plural)
        if not line.hook and hook is not None:
            hook = None
            _say("plugins that cannot be used")
        origin = f"{line.distribution} {line.version}".strip()
        if line.problem:
            _say(f"  {line.name}  ({origin}) cannot be used: {line.problem}")
        else:
            _say_summary(f"  {line.name:<{wide}}  ", f"{line.summary} ({origin})")


def _say_summary(name: str, summary: str) -> None:
    """In lines that fit the terminal, all of them beside the name."""
    width = max(shutil.get_terminal_size().columns, 2 * len(name))
    lines = textwrap.wrap(
        summary, width, initial_indent=name, subsequent_indent=" " * len(name), break_on_hyphens=False
    )
    for line in lines:
        _say(line)


def _say(text: str) -> None:
    """Prints without the terminal's machinery: this command is to start fast."""
    import sys

    sys.stdout.write(text + "\n")
