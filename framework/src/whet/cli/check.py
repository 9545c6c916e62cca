"""whet check"""

from __future__ import annotations

from whet.cli.parameters import Json, Set, StudyPath


def check(study: StudyPath, set_: Set = None, json: Json = False) -> None:
    """Check a study without running it: keys, plugins, files, and the plan. Imports no potential's packages."""
    from whet.cli.terminal import print_json, print_table, say
    from whet.study.inspection import inspect
    from whet.study.study import Study

    found = inspect(Study.load(study, set_ or ()))
    if json:
        print_json(found.as_json())
        for error in found.refused:
            raise error
        return
    say(f"{found.name}: {sum(found.steps.values())} steps, {found.done} of them done.")
    say()
    print_table(("role", "component", "environment", "options"), found.role_rows())
    say()
    print_table(("steps", "planned"), [(kind, str(count)) for kind, count in found.steps.items()], right=(1,))
    if found.files:
        say()
        say("Files that the study reads, with the beginning of their SHA-256:")
        for path, sha, what in found.files:
            say(f"  {sha[:12]}  {what}")
            say(f"                {path}")
        if any("this is code" in what for _, _, what in found.files):
            say("Code can do anything that you can: use only files that you trust (`whet models trust`).")
    say()
    for what in found.suspicious:
        say(f"suspicious: {what}")
    for error in found.refused:
        raise error
    say("No fault found." if not found.suspicious else "No fault found, but look at what is suspicious.")
