"""The manifest of an imported dataset: the origin of its columns, and the checksums of the source."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from dynax.data.arrays import chunk_size
from dynax.data.manifest import robot_of, sealed
from dynax.logs.machine import Machine
from dynax.logs.mapping import LogMapping
from dynax.logs.recording import Log

DTYPE = np.dtype(np.float64)


def origin(log: Log, mapping: LogMapping, machine: Machine) -> dict[str, Any]:
    """Return the entries of the manifest about the source."""
    base = log.source if log.source.is_dir() else log.source.parent
    files = [
        {"name": str(file.relative_to(base)), "bytes": file.stat().st_size, "sha256": _sha256(file)}
        for file in log.files
    ]
    digest = hashlib.sha256("".join(f"{file['name']} {file['sha256']}\n" for file in files).encode()).hexdigest()
    plain = {key: value for key, value in dataclasses.asdict(mapping).items() if value not in (None, (), {})}
    return {
        "format": log.format,
        "files": files,
        "source_sha256": files[0]["sha256"] if len(files) == 1 else digest,
        "mapping": {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()},
        "columns": machine.columns(mapping),
    }


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def manifest_of(machine: Machine, n: int, steps: int, content: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of an imported dataset.

    Args:
        machine: the machine.
        n: number of trajectories.
        steps: their length in transitions.
        content: entries about the log.
    """
    return sealed(
        robot_of(machine.env)
        | {
            "num_rollouts": n,
            "rollout_length": steps,
            "chunk": chunk_size(n, steps, machine.env.state_dim, DTYPE.itemsize),
            "backend": "log",
            "dtype": DTYPE.name,
            "log": content,
        }
    )
