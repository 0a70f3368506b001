"""Datasets: whole trajectories in a directory of Zarr 3 arrays, with a manifest of everything that determines them.

    <dataset>/manifest.json     what determines the data, and the SHA-256 of every file
              warmstart.json    result of the warm-start check
              qpos/             (n, t + 1, nq)
              qvel/             (n, t + 1, nv)
              act/              (n, t + 1, na), if actuators have activations
              action/           (n, t, u)

Every chunk holds whole trajectories. Opening a dataset compares its files with the manifest. Reading data compares the
SHA-256 of the chunks, once per process. A dataset is written in a hidden directory, which is renamed at the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dynax.data.arrays import array_files, array_widths, chunk_files, explained, open_array
from dynax.data.described_robot import check_described_robot
from dynax.data.integrity import check_files, check_names
from dynax.data.manifest import ADVICE, check_description, difference_text, read_manifest, robot_of
from dynax.data.trajectories import Trajectories, train_size, unusable_entry
from dynax.envs import Env
from dynax.errors import UserError
from dynax.runs.user_path import as_path


@dataclass(frozen=True, eq=False)
class Dataset:
    """Trajectories on disk: a whole dataset or one part of a split. Data are read by `read`."""

    path: Path
    manifest: Mapping[str, Any]
    rows: range  # the trajectories of this view

    @classmethod
    def open(cls, path: str | Path, wanted: Mapping[str, Any] | None = None) -> "Dataset":
        """Open the dataset in the directory `path`, and check everything except the chunks.

        Args:
            path: the directory.
            wanted: description that the dataset must have; by default any.

        Raises:
            UserError: if the directory is not a dataset, if it is another one, or if the dataset is damaged.
        """
        path = as_path("dataset", path)
        manifest = read_manifest(path)
        if wanted is not None:
            check_description(path, manifest, wanted)
        check_names(path, manifest["files"], array_files(manifest))
        chunks = set(chunk_files(manifest, range(manifest["num_rollouts"])))
        check_files(path, {name: digest for name, digest in manifest["files"].items() if name not in chunks})
        for name in array_widths(manifest):
            open_array(path, manifest, name)
        check_described_robot(path, manifest)
        return cls(path, manifest, range(manifest["num_rollouts"]))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def num_transitions(self) -> int:
        """Number of transitions of this view."""
        return len(self) * self.manifest["rollout_length"]

    @property
    def dt(self) -> float:
        """Control step, s."""
        return self.manifest["dt"]

    @property
    def sha256(self) -> str:
        """SHA-256 of the data."""
        return self.manifest["data_sha256"]

    def verify(self) -> None:
        """Check the chunks of this view, which takes about a second per gigabyte. `read` checks the chunks it reads.

        Raises:
            UserError: if the data are damaged.
        """
        self._check_chunks(self.rows)

    def _check_chunks(self, rows: range) -> None:
        check_files(self.path, {name: self.manifest["files"][name] for name in chunk_files(self.manifest, rows)})

    def read(self, rows: slice = slice(None)) -> Trajectories:
        """Read the trajectories `rows` of this view, in their stored type.

        Raises:
            UserError: if the data are damaged.
            ValueError: if `rows` skips trajectories.
        """
        selected = self.rows[rows]
        if selected.step != 1:
            raise ValueError(f"{rows} skips trajectories; only consecutive trajectories can be read")
        self._check_chunks(selected)
        names = array_widths(self.manifest)
        opened = [open_array(self.path, self.manifest, name)[selected.start : selected.stop] for name in names]
        arrays = []
        for name, future in zip(names, [array.read() for array in opened], strict=True):
            with explained(self.path, name):
                arrays.append(future.result())
        states, actions = np.concatenate(arrays[:-1], axis=2), arrays[-1]
        for name, values in (("states", states), ("actions", actions)):
            if fault := unusable_entry(name, values, selected.start):
                raise UserError(f"the dataset {self.path} cannot be used: {fault}; {ADVICE} without this trajectory")
        return Trajectories(states, actions)

    def split(self, val_fraction: float) -> tuple["Dataset", "Dataset"]:
        """Split the trajectories that are not kept for testing into training and validation, without reading them.

        Args:
            val_fraction: the share of the trajectories that validate; they are the last ones.

        Raises:
            UserError: if one of the parts would be empty.
        """
        fit = self.rows[: len(self) - len(self.kept_for_testing())]
        try:
            n = train_size(len(fit), val_fraction)
        except UserError as error:
            if error.argument:
                raise
            advice = "; a log has more trajectories with a shorter `block:` in its mapping" if self.is_log else ""
            raise UserError(f"the dataset {self.path} is too small: {error}{advice}") from None
        return replace(self, rows=fit[:n]), replace(self, rows=fit[n:])

    def read_parts(self, val_fraction: float) -> tuple[Trajectories, Trajectories]:
        """Read the trajectories for training and those for validation.

        The recordings of a log can differ: only one of them may contain large motions. The trajectories that validate
        are therefore spread evenly over the log. Those of a simulation are the last ones.

        Args:
            val_fraction: the share of the trajectories that validate.

        Raises:
            UserError: if one of the parts would be empty, or if the data are damaged.
        """
        train, val = self.split(val_fraction)
        if not self.is_log:
            return train.read(), val.read()
        data = replace(self, rows=range(train.rows.start, val.rows.stop)).read()
        validates = np.zeros(len(data), bool)
        validates[((np.arange(len(val)) + 0.5) * len(data) / len(val)).astype(int)] = True
        parts = (Trajectories(data.states[chosen], data.actions[chosen]) for chosen in (~validates, validates))
        return next(parts), next(parts)

    def kept_for_testing(self) -> "Dataset":
        """Return the trajectories of an imported log that no training uses; they are the last ones of the dataset."""
        num_test = self.manifest["log"]["test_rows"] if self.is_log else 0
        return replace(self, rows=self.rows[len(self) - num_test :])

    @property
    def is_log(self) -> bool:
        """Whether the dataset is an imported log, and not a simulation."""
        return "log" in self.manifest

    def check_robot(self, env: Env) -> None:
        """Raise `UserError` unless the data are from the robot `env` with the same control step."""
        robot = robot_of(env)
        if any(self.manifest[key] != value for key, value in robot.items() if key != "robot"):
            raise UserError(
                f"the dataset {self.path} is of the robot {self.manifest['robot']}, not of {env.name}: "
                f"{difference_text(self.manifest, robot)}"
            )
