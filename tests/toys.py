"""A robot whose dynamics are linear, and little networks to train on it."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dynax.base import BaseDynamicsModel
from dynax.training import fitting

MASS, DAMPING, DT = 2.0, 0.5, 0.02
SLIDE = f"""<mujoco><option timestep="{DT}" gravity="0 0 0"/><worldbody>
<body><joint name="x" type="slide" axis="1 0 0" damping="{DAMPING}"/><geom size=".1" mass="{MASS}"/></body></worldbody>
<actuator><motor joint="x" ctrlrange="-1 1"/></actuator></mujoco>"""
# Of position, velocity and action in a step; MuJoCo's Euler takes the damping implicitly.
GAINS = np.array([0, -DT * DAMPING, DT]) / (MASS + DT * DAMPING)
ADAM = {"optimizer": "adam", "learning_rate": 0.01, "warmup_steps": 5}


class Linear(BaseDynamicsModel):
    target: str = "acceleration"

    @nn.compact
    def __call__(self, states, actions, training=False):
        return nn.Dense(self.target_dim)(jnp.concatenate([states.flatten(), actions.flatten()]))


class Dropping(BaseDynamicsModel):
    """A little network with all that a training may depend on: a history, and chance."""

    history: int = 2

    @nn.compact
    def __call__(self, states, actions, training=False):
        x = nn.tanh(nn.Dense(8)(jnp.concatenate([states.flatten(), actions.flatten()])))
        return nn.Dense(self.target_dim)(nn.Dropout(0.2, deterministic=not training)(x))


class Drift(BaseDynamicsModel):
    """Predicts that every velocity changes by its one parameter."""

    target: str = "acceleration"

    @nn.compact
    def __call__(self, states, actions, training=False):
        return self.param("drift", nn.initializers.zeros, ()) * jnp.ones(self.target_dim)


class Sequence(Drift):
    sequence: ClassVar[bool] = True
    history: int = 3


def copied(tree):
    return jax.tree.map(np.array, tree)


def epochs(model, data, config, state=None, normalization=None, seed=0):
    """What `fit` yields, its states copied: each epoch reuses the memory of the one before it."""
    begun, fresh = fitting.start(model, data[0], config, jax.random.PRNGKey(seed))
    state = begun if state is None else jax.tree.map(jnp.array, state)
    told = fitting.every(fitting.fit(model, *data, normalization or fresh, config, state))
    return [fitting.Epoch(copied(e.state), e.number, e.loss, e.val_nrmse, e.val_valid_time) for e in told]


def same(one, other):
    """Whether two trees agree in every bit."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(a.dtype == b.dtype and np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in pairs)
