"""The summary of a finished run, with the identity of the run and the SHA-256 of its content."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from dynax.errors import UserError
from dynax.runs.files import write_json
from dynax.runs.identity import has_run_id, read_run_id
from dynax.runs.json_files import read_json
from dynax.runs.provenance import provenance

FILE = "summary.json"
SEAL = "summary_sha256"


class Summary(TypedDict):
    """The keys that the summary of every command has."""

    command: str
    run: str
    versions: dict[str, str | None]
    commit: str | None
    machine: str
    summary_sha256: str


def write_summary(run: Path, command: str, content: Mapping[str, Any]) -> None:
    """Write `summary.json`, which marks a run as finished.

    Args:
        run: The run directory.
        command: The name of the command.
        content: Results of the command. The keys contain the units.
    """
    summary = {"command": command, "run": str(run), **_identity(run), **content, **provenance()}
    write_json(run / FILE, {**summary, SEAL: _digest(summary)})


def read_summary(run: Path) -> dict[str, Any] | None:
    """Return the summary of a run, or None if the run is not finished.

    Raises:
        UserError: if the file is damaged.
    """
    file = run / FILE
    if not file.exists():
        return None
    summary = read_json(file, Summary, "the run is damaged")
    if _digest({key: value for key, value in summary.items() if key != SEAL}) != summary[SEAL]:
        raise UserError(f"the run is damaged: {file} does not match its {SEAL}; {_advice(run, summary)}")
    if summary.get("run_id") != _identity(run).get("run_id"):
        raise UserError(f"the run is damaged: {file} is the summary of another run; {_advice(run, summary)}")
    return summary


def _advice(run: Path, summary: Mapping[str, Any]) -> str:
    command = "learn" if summary["command"] == "learn" else "train"
    return f"delete the file, and write it again with `dynax {command} training.resume={run}`"


def _identity(run: Path) -> dict[str, str]:
    """Return the identity of a training; other runs have none."""
    return {"run_id": read_run_id(run)} if has_run_id(run) else {}


def _digest(summary: Mapping[str, Any]) -> str:
    content = json.loads(json.dumps(summary))  # as it is read: keys are texts, which determines their order
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
