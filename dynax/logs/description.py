"""The description of an imported dataset: the origin of its columns, and the checksums of the source."""

import dataclasses
import hashlib
from typing import Any

import numpy as np

from dynax.data.arrays import chunk_size
from dynax.data.manifest import robot_of, with_description_hash
from dynax.logs.machine import Machine
from dynax.logs.mapping import LogMapping
from dynax.logs.recording import Log
from dynax.runs.hashes import sha256

DTYPE = np.dtype(np.float64)


def origin(log: Log, mapping: LogMapping, machine: Machine) -> dict[str, Any]:
    """Return the entries of the manifest about the source."""
    base = log.source if log.source.is_dir() else log.source.parent
    files = [
        {"name": str(file.relative_to(base)), "bytes": file.stat().st_size, "sha256": sha256(file)}
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


def description_of(machine: Machine, n: int, steps: int, content: dict[str, Any]) -> dict[str, Any]:
    """Return the description of an imported dataset: its manifest without the checksums of its files.

    Args:
        machine: the machine.
        n: number of trajectories.
        steps: their length in transitions.
        content: entries about the log.
    """
    return with_description_hash(
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
