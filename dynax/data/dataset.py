"""Datasets: whole trajectories in a directory of Zarr 3 arrays, with a manifest of everything that determines them.

    <dataset>/manifest.json     what determines the data, and the SHA-256 of this content
              warmstart.json    result of the warm-start check
              qpos/             (n, t + 1, nq)
              qvel/             (n, t + 1, nv)
              act/              (n, t + 1, na), if actuators have activations
              action/           (n, t, u)

Every chunk holds whole trajectories and ends with its CRC-32C, so that flipped bits, truncated files and missing files
are detected when data are read. A dataset is written in a hidden directory, which is renamed when it is complete.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dynax.data.arrays import array_widths, explained, open_array
from dynax.data.manifest import difference, read_manifest, robot_of
from dynax.data.trajectories import Trajectories, train_size
from dynax.envs import Env
from dynax.errors import UserError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Trajectories on disk: a whole dataset or one part of a split. Data are read by `read`."""

    path: Path
    manifest: Mapping[str, Any]
    rows: range  # the trajectories of this view

    @classmethod
    def open(cls, path: str | Path) -> "Dataset":
        """Open the dataset in the directory `path`.

        Raises:
            UserError: if the directory is not a dataset, or the dataset is damaged.
        """
        path = Path(path).expanduser().absolute()
        manifest = read_manifest(path)
        for name in array_widths(manifest):
            open_array(path, manifest, name)
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

    def read(self, rows: slice = slice(None)) -> Trajectories:
        """Read the trajectories `rows` of this view, in their stored type.

        Raises:
            UserError: if the data are damaged.
            ValueError: if `rows` skips trajectories.
        """
        selected = self.rows[rows]
        if selected.step != 1:
            raise ValueError(f"{rows} skips trajectories; only consecutive trajectories can be read")
        names = array_widths(self.manifest)
        opened = [open_array(self.path, self.manifest, name)[selected.start : selected.stop] for name in names]
        arrays = []
        for name, future in zip(names, [array.read() for array in opened], strict=True):
            with explained(self.path, name):
                arrays.append(future.result())
        return Trajectories(np.concatenate(arrays[:-1], axis=2), arrays[-1])

    def split(self, val_fraction: float) -> tuple["Dataset", "Dataset"]:
        """Split whole trajectories into training and validation, without reading them.

        Args:
            val_fraction: the share of the trajectories that validate; they are the last ones.

        Raises:
            UserError: if one of the parts would be empty.
        """
        n = train_size(len(self), val_fraction)
        return replace(self, rows=self.rows[:n]), replace(self, rows=self.rows[n:])

    def check_robot(self, env: Env) -> None:
        """Raise `UserError` unless the data are from the robot `env` with the same control step."""
        robot, keys = robot_of(env), ("mjcf_sha256", "assets_sha256", "decimation")
        if any(self.manifest[key] != robot[key] for key in keys):
            raise UserError(
                f"the dataset {self.path} is of the robot {self.manifest['robot']}, not of {env.name}: "
                f"{difference(self.manifest, robot)}"
            )
