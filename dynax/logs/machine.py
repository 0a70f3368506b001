"""The machine of a log: its coordinates and actions, as a robot with or without mechanics."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dynax.envs import DataEnv, Env, MjcfEnv
from dynax.envs.recorded import Coordinate, recorded_mjcf
from dynax.errors import UserError, config_section, renamed_argument
from dynax.logs.mapping import LogMapping
from dynax.mjcf.joints import HINGE, SLIDE

MAX_REMAINDER = 1e-6  # relative difference of the control step from a multiple of the MJCF's timestep


@dataclass(frozen=True, eq=False)
class Machine:
    """The machine of a log."""

    env: Env
    coordinates: Sequence[Coordinate]

    def columns(self, mapping: LogMapping) -> list[dict[str, Any]]:
        """Return the origin of every column of the dataset, for its manifest."""
        entries = [("qpos", mapping.qpos), ("qvel", mapping.qvel), ("action", mapping.action)]
        return [
            {
                "array": array,
                "index": i,
                "column": column,
                "unit": mapping.unit(column),
                "scale": mapping.scale.get(column, 1.0),
                "offset": mapping.offset.get(column, 0.0),
            }
            for array, columns in entries
            for i, column in enumerate(columns)
        ]


def machine_of(mapping: LogMapping, name: str, dt: float, folder: Path) -> Machine:
    """Return the machine that a mapping describes.

    Args:
        mapping: the mapping.
        name: name of the machine.
        dt: control step, s.
        folder: folder of the mapping, to which the path of an MJCF is relative.

    Raises:
        UserError: if the MJCF does not fit the columns or the control step.
    """
    coordinates = [Coordinate(c, mapping.kind(c) == "angle", mapping.unit(c)) for c in mapping.qpos]
    if mapping.mjcf is None:
        return Machine(DataEnv(mjcf=recorded_mjcf(name, coordinates, mapping.action, dt)), coordinates)
    with config_section("mapping"):
        return Machine(_with_mechanics(mapping, folder / mapping.mjcf, dt), coordinates)


def _with_mechanics(mapping: LogMapping, path: Path, dt: float) -> Env:
    """Return the robot of an MJCF or URDF, with the control step `dt`."""
    if not path.is_file():
        exists = "this is a directory, not a file" if path.is_dir() else "this is not a regular file"
        raise UserError(f"mjcf={path}: {exists if path.exists() else 'the file does not exist'}", "mjcf")
    with renamed_argument("xml", "mjcf"):
        model = (env := MjcfEnv(xml=str(path))).mj_model
    if not np.isin(model.jnt_type, (HINGE, SLIDE)).all() or model.na:
        raise UserError(f"mjcf={path} must have hinges and slides, and no activations", "mjcf")
    if model.nq != len(mapping.qpos) or env.action_dim != len(mapping.action):
        raise UserError(
            f"mjcf={path} has the joints {', '.join(env.space.joints)} and the actions {', '.join(env.action_names)}, "
            f"but the mapping has {len(mapping.qpos)} positions and {len(mapping.action)} actions",
            "mjcf",
        )
    decimation = round(dt / env.dt)
    if decimation < 1 or abs(decimation * env.dt - dt) > MAX_REMAINDER * dt:
        raise UserError(
            f"mjcf={path} has the timestep {env.dt:g} s, and the control step {dt:g} s is no multiple of it: set "
            "`resample:` to a multiple, or change the timestep",
            "mjcf",
        )
    return MjcfEnv(xml=str(path), decimation=decimation)
