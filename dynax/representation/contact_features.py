"""Features of contacts: distances between geoms, and relative velocities where they touch."""

from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float

from dynax.envs.state_space import StateSpace
from dynax.math.chunks import map_in_chunks
from dynax.math.vectors import dot
from dynax.mechanics.collision.contacts import Contacts, SlotContacts
from dynax.mechanics.kinematics import Poses
from dynax.representation.frames import BaseFrame

MAX_DISTANCE = 0.1  # m; larger distances are clipped


class ContactFeatures:
    """Features of a robot's contact slots.

    A slot against a plane of the static geometry has six features: distance clipped to `MAX_DISTANCE`, depth, active
    flag, and flag times relative velocity. A slot against other static geometry also has the contact normal where the
    distance is below `MAX_DISTANCE`. A slot between two parts of the robot has three features: depth, flag, and flag
    times velocity along the normal. Vectors are in the axes of the base frame.
    """

    def __init__(self, model: mujoco.MjModel, space: StateSpace, contacts: Contacts, frame: BaseFrame):
        self.space, self.contacts, self.frame = space, contacts, frame
        static = model.body_weldid[model.geom_bodyid] == 0
        with_static = static[contacts.geom1] | static[contacts.geom2]
        self.with_plane = with_static & (model.geom_type[contacts.geom1] == mujoco.mjtGeom.mjGEOM_PLANE)  # (C,) bool
        self.with_nonplane = with_static & ~self.with_plane  # contacts with other static geometry, (C,) bool
        self.with_itself = ~with_static  # contacts between two parts of the robot, (C,) bool

    def __call__(self, states: Float[Any, "... S"]) -> Float[Any, "... F"]:
        """Return the features of states. NumPy arrays are processed in chunks by a compiled program."""
        flat = states.reshape(-1, states.shape[-1])
        is_numpy = isinstance(states, np.ndarray)
        if is_numpy:
            features = map_in_chunks(self._compiled, flat, self.contacts.states_at_once)
        else:
            features = jax.vmap(self.of_state)(flat)
        return features.reshape(*states.shape[:-1], features.shape[-1])

    @cached_property
    def size(self) -> int:
        """Number of features F."""
        return int(6 * self.with_plane.sum() + 9 * self.with_nonplane.sum() + 3 * self.with_itself.sum())

    @cached_property
    def _compiled(self) -> Any:
        return jax.jit(jax.vmap(self.of_state))

    def of_state(self, state: Float[Array, " S"]) -> Float[Array, " F"]:
        """Return the features of one state: contacts with planes, with other static geometry, within the robot."""
        poses = self.contacts.kinematics(self.space.qpos(state))
        return self.of_contacts(state, poses, self.contacts.detect(poses))

    def of_contacts(self, state: Float[Array, " S"], poses: Poses, detected: SlotContacts) -> Float[Array, " F"]:
        """Return the features of one state.

        Args:
            state: [qpos, qvel, ...].
            poses: the poses of the bodies in `state`.
            detected: the contacts of all slots in `state`.
        """
        velocity = self.contacts.velocity(poses, detected, self.space.qvel(state))
        normal_velocity = dot(detected.normal, velocity)[:, None]
        normal, velocity = (self.frame.directions(state, x) for x in (detected.normal, velocity))
        clearance = self._clearance(detected)
        active = (clearance < 0).astype(state.dtype)[:, None]
        clipped = jnp.clip(clearance, -MAX_DISTANCE, MAX_DISTANCE)[:, None]
        plane = jnp.concatenate([clipped, active * clipped, active, active * velocity], axis=1)
        nonplane = jnp.concatenate([plane, jnp.where(clipped < MAX_DISTANCE, normal, 0.0)], axis=1)
        itself = jnp.concatenate([active * clipped, active, active * normal_velocity], axis=1)
        groups = (plane, self.with_plane), (nonplane, self.with_nonplane), (itself, self.with_itself)
        return jnp.concatenate([features[slots].ravel() for features, slots in groups])

    def _clearance(self, detected: SlotContacts) -> Float[Array, " C"]:
        """Return the distance less the margin of each slot, m; `MAX_DISTANCE` if nothing is detected."""
        margin = jnp.asarray(self.contacts.parameters.margin, detected.distance.dtype)
        return jnp.where(detected.present, detected.distance - margin, MAX_DISTANCE)
