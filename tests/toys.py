"""A robot with linear dynamics, and small networks to train on its data."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dynax.base import BaseDynamicsModel
from dynax.training import EpochMetrics, Training
from dynax.training.epochs import TrainState

MASS, DAMPING, DT = 2.0, 0.5, 0.02
SLIDE = f"""<mujoco><option timestep="{DT}" gravity="0 0 0"/><worldbody>
<body><joint name="x" type="slide" axis="1 0 0" damping="{DAMPING}"/><geom size=".1" mass="{MASS}"/></body></worldbody>
<actuator><motor joint="x" ctrlrange="-1 1"/></actuator></mujoco>"""
# Gains of position, velocity and action over one step; MuJoCo's Euler integrator treats the damping implicitly.
GAINS = np.array([0, -DT * DAMPING, DT]) / (MASS + DT * DAMPING)
ADAM = {"optimizer": "adam", "learning_rate": 0.01, "warmup_steps": 5}


class Linear(BaseDynamicsModel):
    """A linear model."""

    target: str = "acceleration"

    @nn.compact
    def __call__(self, states, actions, training=False):
        return nn.Dense(self.target_dim)(jnp.concatenate([states.flatten(), actions.flatten()]))


class Dropping(BaseDynamicsModel):
    """A small network with a history and dropout."""

    history: int = 2

    @nn.compact
    def __call__(self, states, actions, training=False):
        x = nn.tanh(nn.Dense(8)(jnp.concatenate([states.flatten(), actions.flatten()])))
        return nn.Dense(self.target_dim)(nn.Dropout(0.2, deterministic=not training)(x))


class Drift(BaseDynamicsModel):
    """A model with one parameter, the predicted change of every velocity."""

    target: str = "acceleration"

    @nn.compact
    def __call__(self, states, actions, training=False):
        return self.param("drift", nn.initializers.zeros, ()) * jnp.ones(self.target_dim)


class Sequence(Drift):
    """The same as a sequence model."""

    sequence: ClassVar[bool] = True
    history: int = 3


class Epoch(NamedTuple):
    """Metrics of an epoch and the state after it."""

    metrics: EpochMetrics
    state: TrainState


def start(model, data, config, seed=0):
    """Return a training that has not begun; `data` are training and validation trajectories."""
    return Training(model, *data, config, jax.random.PRNGKey(seed))


def epochs(model, data, config, state=None, seed=0):
    """Run a training, from `state` if given, and return its epochs."""
    training = start(model, data, config, seed)
    if state is not None:
        training.restore(state)
    return [Epoch(metrics, training.state) for metrics in iter(training.step, None)]


def same(one, other):
    """Return whether two trees agree in every bit."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(a.dtype == b.dtype and np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in pairs)
