"""One module a kind of step; each has one function, `run(work) -> Outcome`."""
