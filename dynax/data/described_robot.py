"""The robot that a manifest describes, compared with the numbers that follow from its MJCF."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dynax.data.manifest import ADVICE, robot_of
from dynax.envs import DataEnv, Env
from dynax.envs.recorded import is_recorded_mjcf
from dynax.errors import UserError


def check_described_robot(path: Path, manifest: Mapping[str, Any]) -> None:
    """Raise `UserError` unless the MJCF of a manifest is a robot with the joints, sizes and control step listed there.

    An MJCF that loads files cannot be compiled, because a manifest contains only their SHA-256.

    Args:
        path: directory of the dataset.
        manifest: its manifest.
    """
    if manifest["assets_sha256"]:
        return
    env_class = DataEnv if is_recorded_mjcf(manifest["mjcf"]) else Env
    try:
        env = env_class(mjcf=manifest["mjcf"], name=manifest["robot"], decimation=manifest["decimation"])
        units = len(env.space.position_units)
    except (ValueError, IndexError) as error:  # IndexError: the MJCF of a log lacks the text with the units
        raise _damaged(path, f"its MJCF cannot be used: {error}") from None
    if units != env.space.nv:
        raise _damaged(path, f"its MJCF has {units} units for {env.space.nv} coordinates")
    for key, value in robot_of(env).items():
        if key not in ("robot", "assets_sha256") and manifest[key] != value:
            raise _damaged(path, f"{key} is {manifest[key]}, but {value} follows from its MJCF")


def _damaged(path: Path, reason: str) -> UserError:
    return UserError(f"the dataset {path} is damaged: manifest.json: {reason}; {ADVICE}")
