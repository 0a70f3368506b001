"""A clip for all tests of rendering: a swinging pole, and a prediction with a growing error."""

from typing import NamedTuple

import mujoco
import numpy as np
import pytest
from jaxtyping import Float


class Clip(NamedTuple):
    model: mujoco.MjModel
    truth: Float[np.ndarray, "T 4"]
    prediction: Float[np.ndarray, "T 4"]
    error: Float[np.ndarray, " T"]
    dt: float


@pytest.fixture(scope="session")
def clip() -> Clip:
    """One second of the cart pole. The errors of both joints grow linearly."""
    from dynax.envs import CartPoleEnv

    time = np.linspace(0, 1, 101)[:, None]
    truth = np.hstack([0.5 * time, 2 * np.sin(2 * time), 0 * time, 0 * time])
    drift = np.hstack([0.6 * time, 1.2 * time, 0 * time, 0 * time])
    return Clip(CartPoleEnv().mj_model, truth, truth + drift, time[:, 0], 0.01)
