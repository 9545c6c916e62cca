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
        return
    say(f"{found.name}: {sum(found.steps.values())} steps, {found.done} of them done.")
    say()
    print_table(("role", "component", "environment", "options"), found.cast_rows())
    say()
    print_table(("steps", "planned"), [(kind, str(count)) for kind, count in found.steps.items()], right=(1,))
    if found.files:
        say()
        say("Files that the study reads (model files are code: open only those that you trust):")
        print_table(("file", "sha256", "read as"), [(path, sha[:12], what) for path, sha, what in found.files])
    say()
    say("No fault found.")
