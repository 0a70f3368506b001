"""A clip that every test of the pictures can draw from: a pole swinging, and a prediction that drifts away from it."""

from typing import NamedTuple

import mujoco
import numpy as np
import pytest


class Clip(NamedTuple):
    model: mujoco.MjModel
    truth: np.ndarray  # (T+1, 4)
    prediction: np.ndarray  # (T+1, 4)
    error: np.ndarray  # (T+1,)
    dt: float


@pytest.fixture(scope="session")
def clip() -> Clip:
    """One second of the cart pole, hinge and cart drifting off linearly."""
    from dynax.envs import CartPoleEnv

    time = np.linspace(0, 1, 101)[:, None]
    truth = np.hstack([0.5 * time, 2 * np.sin(2 * time), 0 * time, 0 * time])
    drift = np.hstack([0.6 * time, 1.2 * time, 0 * time, 0 * time])
    return Clip(CartPoleEnv().mj_model, truth, truth + drift, time[:, 0], 0.01)
