"""Datasets: whole trajectories in a directory of Zarr 3 arrays, with a manifest of everything that made them.

    <dataset>/manifest.json        what it is, and the SHA-256 of that
              warmstart.json    whether a step depends on more than its state
              qpos/                (n, t + 1, nq)
              qvel/                (n, t + 1, nv)
              act/                 (n, t + 1, na), where actuators have activations
              action/              (n, t, u)

The arrays are chunked over trajectories and every chunk ends in its CRC-32C, so that a flipped bit, a cut file and a
missing one are all noticed on reading. A dataset is written beside its place, under a hidden name, and renamed when it
is complete.

Axes: n trajectories, t control steps, s state coordinates [qpos, qvel, act], u entries of an action.
"""

import contextlib
import shutil
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorstore as ts

from dynax.data.manifest import ADVICE, difference, read_manifest, robot_of
from dynax.data.trajectories import Trajectories, train_size
from dynax.envs import Env
from dynax.errors import UserError
from dynax.runs.files import write_json

STATE = {"qpos": "nq", "qvel": "nv", "act": "na"}  # arrays that make a state, and their widths in the manifest
CHUNK = 2**24  # bytes of states in a chunk, about; a file costs as much to create as megabytes to write
PARTIAL = ".partial"
DAMAGED = "is damaged"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Trajectories on disk, read when asked for: all of a dataset, or those of a split."""

    path: Path
    manifest: Mapping[str, Any]
    rows: range  # the trajectories of this view

    @classmethod
    def open(cls, path: str | Path) -> "Dataset":
        """The dataset in the directory `path`. Raises `UserError` where there is none, or where it is damaged."""
        path = Path(path).expanduser().absolute()
        manifest = read_manifest(path)
        for name in _widths(manifest):
            _open_array(path, manifest, name)
        return cls(path, manifest, range(manifest["num_rollouts"]))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def num_transitions(self) -> int:
        return len(self) * self.manifest["rollout_length"]

    @property
    def dt(self) -> float:
        """Control step, s."""
        return self.manifest["dt"]

    def read(self, rows: slice = slice(None)) -> Trajectories:
        """The trajectories `rows` of this view, in the type they are stored in. Raises `UserError` for damaged data."""
        chosen = self.rows[rows]
        if chosen.step != 1:
            raise ValueError(f"{rows} skips trajectories; read neighbors")
        names = _widths(self.manifest)
        opened = [_open_array(self.path, self.manifest, name)[chosen.start : chosen.stop] for name in names]
        arrays = []
        for name, future in zip(names, [array.read() for array in opened], strict=True):
            with _explained(self.path, name):
                arrays.append(future.result())
        return Trajectories(np.concatenate(arrays[:-1], axis=2), arrays[-1])

    def split(self, val_fraction: float) -> tuple["Dataset", "Dataset"]:
        """Whole trajectories for training, and the last `val_fraction` of them for validation; nothing is read."""
        n = train_size(len(self), val_fraction)
        return replace(self, rows=self.rows[:n]), replace(self, rows=self.rows[n:])

    def check_robot(self, env: Env) -> None:
        """Raise `UserError` unless the data are of the robot `env`, at its control step."""
        robot, keys = robot_of(env), ("mjcf_sha256", "assets_sha256", "decimation")
        if any(self.manifest[key] != robot[key] for key in keys):
            raise UserError(
                f"the dataset {self.path} is of the robot {self.manifest['robot']}, not of {env.name}: "
                f"{difference(self.manifest, robot)}"
            )


class Writer:
    """Appends trajectories to the arrays of a dataset while more are being made, in the directory `path`."""

    def __init__(self, path: Path, manifest: Mapping[str, Any]):
        self.path = path
        self._arrays = {name: _open_array(path, manifest, name, create=True) for name in _widths(manifest)}
        self._ends = np.cumsum([width for name, width in _widths(manifest).items() if name in STATE])
        self._row, self._pending = 0, []

    def append(self, data: Trajectories) -> None:
        """Start writing the next trajectories, having finished those before. Whole chunks, but for the last ones.

        Nobody may change them before they are finished.
        """
        self.finish()
        rows = slice(self._row, self._row + len(data))
        parts = (*np.split(data.states, self._ends[:-1], axis=-1), data.actions)
        for (name, store), part in zip(self._arrays.items(), parts, strict=True):
            self._pending.append((name, store[rows].write(np.asarray(part, store.dtype.numpy_dtype))))
        self._row += len(data)

    def finish(self) -> None:
        """Wait until all that was given is on disk. Raises `UserError` where it cannot be written."""
        for name, future in self._pending:
            with _explained(self.path, name, "cannot be written"):
                future.result()
        self._pending = []

    def close(self) -> None:
        """Wait until nothing is being written any more, whatever came of it."""
        for _, future in self._pending:
            future.exception()


@contextlib.contextmanager
def creating(path: Path, manifest: Mapping[str, Any]) -> Iterator[Writer]:
    """A writer of the dataset `path`, which appears whole when the block ends and not at all when it fails.

    One process at a time may create a given path (`collection` holds a lock).
    """
    partial = path.parent / f".{path.name}{PARTIAL}"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with _writable(path):
            partial.mkdir(parents=True)
        with contextlib.closing(Writer(partial, manifest)) as writer:
            yield writer
            writer.finish()
        with _writable(path):
            write_json(partial / "manifest.json", manifest)
            partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"the dataset {path} cannot be written: {error.strerror or error}") from None


def chunk_size(n: int, steps: int, width: int, itemsize: int) -> int:
    """Trajectories in a chunk: equal shares of `n` that hold about `CHUNK` bytes of states each."""
    chunks = -(-n * (steps + 1) * width * itemsize // CHUNK)
    return -(-n // chunks)


def _widths(manifest: Mapping[str, Any]) -> dict[str, int]:
    """The arrays of a dataset and their widths: those of a state, then the actions."""
    state = {name: manifest[key] for name, key in STATE.items() if name != "act" or manifest[key]}
    return {**state, "action": len(manifest["actions"])}


def _open_array(path: Path, manifest: Mapping[str, Any], name: str, create: bool = False) -> ts.TensorStore:
    """One array of a dataset; its metadata must be what the manifest says."""
    steps, width = manifest["rollout_length"] + (name in STATE), _widths(manifest)[name]
    chunk = [manifest["chunk"], steps, max(1, width)]
    spec = {
        "driver": "zarr3",
        "kvstore": {
            "driver": "file",
            "path": str(path / name),
            "file_io_sync": False,  # what a power cut tears shows by its checksum, and can be collected again
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
    with _explained(path, name, "cannot be written" if create else DAMAGED):
        return ts.open(spec, create=create, open=not create).result()


@contextlib.contextmanager
def _explained(path: Path, name: str, what: str = DAMAGED) -> Iterator[None]:
    """What TensorStore has to say of an array, in one line that names the dataset and the file."""
    try:
        yield
    except ValueError as error:
        code_and_reason = str(error).splitlines()[0].split(" [")[0].replace(f"{path}/", "").replace("local file ", "")
        reason = code_and_reason.partition(": ")[2]
        reason = textwrap.shorten(reason, 200, placeholder=" ...")
        raise UserError(
            f"the dataset {path} {what}: {name}: {reason}{f'; {ADVICE}' if what == DAMAGED else ''}"
        ) from None
