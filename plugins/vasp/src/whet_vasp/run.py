"""`python -m whet_vasp.run` in a folder that VaspLabeler prepared: VASP, watched and repaired by custodian."""

from __future__ import annotations

import json
import logging
import signal
import sys
import warnings
from pathlib import Path
from typing import Any, NoReturn


def main() -> None:
    """Ends with 0 where VASP came to its end and no handler found a fault; else with 1 and a line that says why."""
    from custodian.custodian import Custodian, CustodianError
    from custodian.vasp import handlers
    from custodian.vasp.jobs import VaspJob

    # Titels are checked already; pymatgen knows only the libraries that it has seen.
    warnings.filterwarnings("ignore", message="POTCAR data with symbol")
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    told: dict[str, Any] = json.loads(Path("run.json").read_text(encoding="utf-8"))
    job = VaspJob(told["command"], backup=False, auto_gamma=False)

    def ended(number: int, _: object) -> NoReturn:
        if getattr(job, "_vasp_process", None) is not None:
            job.terminate()  # custodian starts VASP in a session of its own, where no signal of ours arrives
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, ended)
    custodian = Custodian(
        [getattr(handlers, name)() for name in told["handlers"]],
        [job],
        max_errors=told["most_repairs"] + 1,
        polling_time_step=told["look_every"],
        monitor_freq=1,
    )
    try:
        custodian.run()
    except CustodianError as error:
        sys.exit(f"custodian gave up: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main()
