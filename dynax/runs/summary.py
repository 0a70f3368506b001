"""The summary of a finished run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dynax.runs.files import write_json
from dynax.runs.provenance import provenance


def write_summary(run: Path, command: str, content: Mapping[str, Any]) -> None:
    """Write `summary.json`, which marks a run as finished.

    Args:
        run: The run directory.
        command: The name of the command.
        content: Results of the command. The keys contain the units.
    """
    write_json(run / "summary.json", {"command": command, "run": str(run), **content, **provenance()})
