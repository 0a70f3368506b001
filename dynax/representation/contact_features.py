"""Contacts as features: how near the points of a robot are to what they may touch, and how they move there.

Axes: `...` any batch, S state, C slots of contacts, of which P touch a plane of the scenery and W
anything else of it.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from dynax.envs.state_space import StateSpace
from dynax.math.chunks import map_in_chunks
from dynax.math.vectors import dot
from dynax.mechanics.collision.contacts import Contacts
from dynax.representation.frames import Frame

REACH = 0.1  # m; what is farther away than this counts as so far away


class ContactFeatures:
    """The features of a robot's contacts: six of each slot against a plane of the scenery, nine against the rest of it.

    Against scenery the distance up to `REACH`, the depth, the active flag, and the flag times the velocity of the body
    in the axes of the base, or of the world where there is none. A plane has one normal; that of anything else is there
    too, in the same axes, as soon as it is in reach. Of the robot with itself there are three: depth, flag, and flag
    times the velocity along the normal.
    """

    def __init__(self, model: mujoco.MjModel, space: StateSpace, contacts: Contacts, base: Frame | None):
        self.space, self.contacts, self.base = space, contacts, base
        still = model.body_weldid[model.geom_bodyid] == 0
        scenery = still[contacts.geom1] | still[contacts.geom2]
        self.ground = scenery & (model.geom_type[contacts.geom1] == mujoco.mjtGeom.mjGEOM_PLANE)
        self.walls, self.itself = scenery & ~self.ground, ~scenery

    def __call__(self, states: Any) -> Any:
        """(..., 6 P + 9 W + 3 (C - P - W)) of `states` (..., S); of NumPy's a chunk at a time."""
        flat = states.reshape(-1, states.shape[-1])
        found = map_in_chunks(self._many, flat) if isinstance(states, np.ndarray) else jax.vmap(self._one)(flat)
        return found.reshape(*states.shape[:-1], found.shape[-1])

    @partial(jax.jit, static_argnums=0)
    def _many(self, states: jax.Array) -> jax.Array:
        return jax.vmap(self._one)(states)

    def _one(self, state: jax.Array) -> jax.Array:
        poses = self.contacts.kinematics(self.space.qpos(state))
        detected = self.contacts.detect(poses)
        velocity = self.contacts.velocity(poses, detected, self.space.qvel(state))
        apart = dot(detected.normal, velocity)[:, None]
        normal = detected.normal
        if self.base:
            velocity, normal = self.base.vectors(state, velocity), self.base.vectors(state, normal)
        margin = jnp.asarray(self.contacts.parameters.margin, state.dtype)
        distance = jnp.where(detected.present, detected.distance - margin, REACH)
        active = (distance < 0).astype(state.dtype)[:, None]
        near = jnp.clip(distance, -REACH, REACH)[:, None]
        scenery = jnp.concatenate([near, active * near, active, active * velocity], axis=1)
        facing = jnp.concatenate([scenery, jnp.where(near < REACH, normal, 0.0)], axis=1)
        itself = jnp.concatenate([active * near, active, active * apart], axis=1)
        return jnp.concatenate([scenery[self.ground].ravel(), facing[self.walls].ravel(), itself[self.itself].ravel()])
