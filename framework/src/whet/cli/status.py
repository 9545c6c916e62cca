"""whet status"""

from __future__ import annotations

from whet.cli.parameters import Json, Set, StudyPath


def status(study: StudyPath, set_: Set = None, json: Json = False) -> None:
    """Show how far a study is: steps done, labels in the label store, what failed."""
    from whet.cli.terminal import print_json, print_table, say
    from whet.study.study import Study

    loaded = Study.load(study, set_ or ())
    planned = loaded.plan.counts()
    done = {kind: sum(loaded.store.is_done(step.key) for step in loaded.plan.of_kind(kind)) for kind in planned}
    labels = [{"theory": str(theory), "labels": count} for theory, count in loaded.store.labels.counts()]
    results = loaded.results
    failures = [{"step": title, **failure} for title, failure in results.failures]
    if json:
        steps = {kind: {"planned": planned[kind], "done": done[kind]} for kind in planned}
        print_json({"study": loaded.file.name, "steps": steps, "labels": labels, "label_failures": failures})
        return
    say(f"{loaded.file.name}: {sum(done.values())} of {sum(planned.values())} steps done. Store: {loaded.store.root}")
    say()
    print_table(("steps", "done", "planned"), [(k, str(done[k]), str(planned[k])) for k in planned], right=(1, 2))
    say()
    for entry in labels:
        say(f"label store: {entry['labels']} labels of {entry['theory']}")
    for failure in failures:
        say(f"not labeled: {failure['step']}, frame {failure['index']}: {failure['reason']}")
    for title, reason in results.stopped:
        say(f"ended early: {title}: {reason}")
