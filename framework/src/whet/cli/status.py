"""whet status"""

from __future__ import annotations

from whet.cli.parameters import Json, Set, StudyPath


def status(study: StudyPath, set_: Set = None, json: Json = False) -> None:
    """Show how far a study is: steps done, labels kept, what failed."""
    from whet.cli.opened import opened
    from whet.cli.terminal import print_json, print_table, say

    found = opened(study, set_ or ()).study
    planned = found.stored.plan.counts()
    done = {task: len(found.of_task(task)) for task in planned}
    labels = [{"theory": str(theory), "labels": count} for theory, count in found.store.labels.counts()]
    failures = [{"step": title, **failure} for title, failure in found.failures]
    failed = [{"step": step.title, "reason": why} for step in found.waiting if (why := found.fault(step.key))]
    if json:
        steps = {task: {"planned": planned[task], "done": done[task]} for task in planned}
        said = {"study": found.name, "steps": steps, "labels": labels, "label_failures": failures, "failed": failed}
        print_json(said)
        return
    say(f"{found.name}: {sum(done.values())} of {sum(planned.values())} steps done. Store: {found.store.root}")
    say()
    print_table(("steps", "done", "planned"), [(k, str(done[k]), str(planned[k])) for k in planned], right=(1, 2))
    say()
    for entry in labels:
        say(f"label store: {entry['labels']} labels of {entry['theory']}")
    for failure in failures:
        say(f"not labeled: {failure['step']}, frame {failure['index']}: {failure['reason']}")
    for failure in failed:
        say(f"failed: {failure['reason']}")
    for title, end in found.stopped:
        say(f"ended early: {title}: {end}")
    for title, how_far in found.unrelaxed:
        say(f"{title}: {how_far}")
