"""The arrays of a dataset: Zarr 3 through TensorStore, in chunks of whole trajectories with checksums."""

import contextlib
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorstore as ts

from dynax.data.manifest import ADVICE
from dynax.errors import UserError
from dynax.runs.paths import plain_path

STATE_WIDTHS = {"qpos": "nq", "qvel": "nv", "act": "na"}  # arrays of a state -> keys of their widths in the manifest
CHUNK_BYTES = 2**24  # approximate size of the states in a chunk; creating a file costs as much as writing megabytes
DETAILS = re.compile(r" \[[\w ]+='")  # beginning of the details that TensorStore appends to a message
DAMAGED = "is damaged"


def array_widths(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Return the width of every array of a dataset: first the arrays of a state, then the actions."""
    state = {name: manifest[key] for name, key in STATE_WIDTHS.items() if name != "act" or manifest[key]}
    return {**state, "action": len(manifest["action_names"])}


def chunk_size(n: int, steps: int, width: int, itemsize: int) -> int:
    """Return the number of trajectories in a chunk.

    The chunks are equal shares of `n` trajectories, and the states of a chunk take about `CHUNK_BYTES` bytes.
    """
    chunks = -(-n * (steps + 1) * width * itemsize // CHUNK_BYTES)
    return -(-n // chunks)


def size_in_bytes(manifest: Mapping[str, Any]) -> int:
    """Return the size of all arrays of a dataset."""
    states, actions = manifest["nq"] + manifest["nv"] + manifest["na"], len(manifest["action_names"])
    steps, itemsize = manifest["rollout_length"], np.dtype(manifest["dtype"]).itemsize
    return manifest["num_rollouts"] * ((steps + 1) * states + steps * actions) * itemsize


def chunk_files(manifest: Mapping[str, Any], rows: range) -> list[str]:
    """Return the files of the chunks that contain the trajectories `rows`, by relative path."""
    chunks = range(rows.start // manifest["chunk"], -(-rows.stop // manifest["chunk"])) if len(rows) else ()
    names = [name for name, width in array_widths(manifest).items() if width]  # without actuators, actions are empty
    return [f"{name}/c/{chunk}/0/0" for name in names for chunk in chunks]


def array_files(manifest: Mapping[str, Any]) -> list[str]:
    """Return all files of the arrays, by relative path."""
    metadata = [f"{name}/zarr.json" for name in array_widths(manifest)]
    return metadata + chunk_files(manifest, range(manifest["num_rollouts"]))


def open_array(path: Path, manifest: Mapping[str, Any], name: str, create: bool = False) -> ts.TensorStore:
    """Open or create one array of the dataset in the directory `path`.

    Raises:
        UserError: if the array is missing, or its metadata differ from the manifest.
    """
    with explained(path, name, "cannot be written" if create else DAMAGED):
        return ts.open(_spec(path, manifest, name), create=create, open=not create).result()


def _spec(path: Path, manifest: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the TensorStore specification of an array."""
    steps, width = manifest["rollout_length"] + (name in STATE_WIDTHS), array_widths(manifest)[name]
    chunk = [manifest["chunk"], steps, max(1, width)]
    return {
        "driver": "zarr3",
        "kvstore": {
            "driver": "file",
            "path": str(plain_path(path / name)),
            "file_io_sync": False,  # faster; the writer forces the complete dataset to the disk
        },
        "metadata": {
            "shape": [manifest["num_rollouts"], steps, width],
            "data_type": manifest["dtype"],
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
            "fill_value": 0.0,
        },
        "fill_missing_data_reads": False,  # a missing chunk is an error, not zeros
        "store_data_equal_to_fill_value": True,
    }


@contextlib.contextmanager
def explained(path: Path, name: str, problem: str = DAMAGED) -> Iterator[None]:
    """Convert an error of TensorStore into a `UserError` of one line that names the dataset, the array and the file."""
    try:
        yield
    except ValueError as error:
        code_and_reason = DETAILS.split(str(error).splitlines()[0])[0].replace("local file ", "")
        for folder in (path, plain_path(path / name).parent):
            code_and_reason = code_and_reason.replace(f"{folder}/", "")
        reason = textwrap.shorten(code_and_reason.partition(": ")[2], 200, placeholder=" ...")
        advice = f"; {ADVICE}" if problem == DAMAGED else ""
        raise UserError(f"the dataset {path} {problem}: {name}: {reason}{advice}") from None
