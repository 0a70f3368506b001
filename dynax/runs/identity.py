"""The identity of a run: a random number in `identity.json`, which every checkpoint of the run repeats.

A checkpoint that was copied from another run is therefore recognized.
"""

import secrets
from pathlib import Path
from typing import TypedDict

from dynax.errors import RunError
from dynax.runs.files import write_json
from dynax.runs.json_files import read_json

FILE = "identity.json"


_known: dict[Path, str] = {}  # identities of the runs that this process has written to


class Identity(TypedDict):
    """The content of the file."""

    run_id: str


def read_run_id(run: Path) -> str:
    """Return the identity of a run.

    Raises:
        UserError: if the file is missing or damaged.
    """
    return read_json(run / FILE, Identity, "the run is damaged")["run_id"]


def has_run_id(run: Path) -> bool:
    """Return whether a run has an identity."""
    return (run / FILE).exists()


def ensure_run_id(run: Path) -> str:
    """Return the identity of a run; draw and write one if the run has none.

    Raises:
        RunError: if the identity has changed since this process wrote or read it.
    """
    known = _known.get(run)
    if known is None and not has_run_id(run):
        run.mkdir(parents=True, exist_ok=True)
        write_json(run / FILE, Identity(run_id=secrets.token_hex(16)))
    if known is not None and (not has_run_id(run) or read_run_id(run) != known):
        raise RunError(f"{run} was deleted, renamed or replaced during the training: start a new run")
    return _known.setdefault(run, read_run_id(run))
