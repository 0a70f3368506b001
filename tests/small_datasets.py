"""Small datasets of random numbers, in three chunks, and the errors of reading them."""

from pathlib import Path

import numpy as np
import pytest

from dynax.data.dataset import Dataset
from dynax.data.manifest import robot_of, with_description_hash
from dynax.data.trajectories import Trajectories
from dynax.data.writer import creating
from dynax.envs import MjcfEnv
from dynax.errors import UserError

MJCF = """<mujoco><option timestep="0.02"/>
<worldbody><body><joint name="x" type="slide" axis="1 0 0"/><geom size=".1"/>
<body><joint name="hinge" axis="0 1 0"/>
<geom type="capsule" fromto="0 0 0 0 0 -1" size=".03"/></body></body></worldbody>
<actuator><motor name="push" joint="x" ctrlrange="-1 1"/></actuator></mujoco>"""
N, STEPS, CHUNK = 10, 5, 4


def robot(mjcf: str = MJCF, name: str = "toy", decimation: int = 1) -> MjcfEnv:
    return MjcfEnv(xml=f"{name}.xml", mjcf=mjcf, decimation=decimation)


def manifest(**changes) -> dict:
    sizes = {"num_rollouts": N, "rollout_length": STEPS, "chunk": CHUNK, "dtype": "float64", "backend": "native"}
    return with_description_hash(robot_of(robot()) | sizes | changes)


def trajectories(n: int = N, dtype: type = np.float64) -> Trajectories:
    rng = np.random.default_rng(0)
    return Trajectories(rng.normal(size=(n, STEPS + 1, 4)).astype(dtype), rng.normal(size=(n, STEPS, 1)).astype(dtype))


def write(path: Path, data: Trajectories, **changes) -> Dataset:
    with creating(path, manifest(num_rollouts=len(data), **changes)) as writer:
        for start in range(0, len(data), 2 * CHUNK):
            rows = slice(start, start + 2 * CHUNK)
            writer.append(Trajectories(data.states[rows], data.actions[rows]))
    return Dataset.open(path)


def error_message(path: Path) -> str:
    """Return the message, one line, of the error that reading a dataset raises."""
    with pytest.raises(UserError) as error:
        Dataset.open(path).read()
    text = str(error.value)
    assert str(path) in text
    assert "\n" not in text
    assert len(text) < 400
    return text
