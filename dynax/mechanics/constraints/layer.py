"""The constraint solve as a layer after any model of the unconstrained step.

The layer receives the mass matrix of the robot and the factors of its compliance as arguments. It has no parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dynax.envs.state_space import StateSpace
from dynax.math import linalg
from dynax.math.arrays import AnyArray, Leaf
from dynax.mechanics.collision.contacts import Contacts, SlotContacts
from dynax.mechanics.constraints import joint_rows
from dynax.mechanics.constraints.contact_rows import ContactMotion, ContactRows
from dynax.mechanics.constraints.joint_rows import JointRows
from dynax.mechanics.constraints.rows import Rows
from dynax.mechanics.constraints.solve import solve

MAX_JOINT_ITERATIONS = 4  # of Newton's method, for a robot without contacts
CONTACT_ITERATIONS = 8  # of Newton's method, for a robot with contacts
# Newton iterations in training, which start at the acceleration in the data. With none, each row would keep the zone
# that it has at this acceleration. With untrained parameters, this zone is often wrong.
TRAINING_ITERATIONS = 2
MAX_CONTACTS_PER_CONDIM = 8  # nearest contacts of each condim that the layer solves
ABSENT_DISTANCE = 1e3  # distance of contacts that are not present, m

NearestContacts = dict[int, SlotContacts]  # by condim, the nearest contacts
ContactMotions = dict[int, tuple[Any, ContactMotion]]  # by condim, the slots of contacts and their motion
Factors = Mapping[str, jax.Array]  # factors on the compliance of the rows; see `ConstraintLayer.factor_shapes`


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class UnconstrainedStep:
    """A predicted change over one step, before a constraint layer or refinement steps.

    If neither follows, the change contains the effect of the constraint forces.

    A model with a mass matrix sets `mass_matrix` and `damping`. Its change of velocity is
    dt (M + dt diag(damping))^-1 M a0, because MuJoCo's Euler integrator is implicit in joint damping.
    """

    change: Leaf  # change of the velocity or of the whole state, see `model.target`; (D,), or (h, D) for a sequence
    mass_matrix: Leaf | None = None  # mass matrix M, (nv, nv)
    damping: Leaf | None = None  # joint damping, (nv,)


@dataclass(frozen=True, eq=False)
class ConstraintLayer:
    """Apply the robot's joint limits, joint friction and contacts to an unconstrained step."""

    space: StateSpace
    joints: JointRows
    contact_rows: ContactRows | None = None
    contacts: Contacts | None = None  # the slots of `contact_rows`

    @property
    def factor_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the factors: one number for each row of a joint, and for each group of contacts."""
        shapes: dict[str, tuple[int, ...]] = {}
        if len(self.joints):
            shapes |= {name: (len(self.joints),) for name in joint_rows.FACTORS}
        if self.contact_rows is not None:
            shapes |= {f"contact_{name}": shape for name, shape in self.contact_rows.factor_shapes.items()}
        return shapes

    def __call__(
        self, state: Float[AnyArray, " S"], unconstrained: UnconstrainedStep, mass_matrix: Float[AnyArray, "nv nv"],
        factors: Factors | None = None, initial_change: Float[AnyArray, " nv"] | None = None,
        contact_motion: ContactMotions | None = None, iterations: int | None = None,
    ) -> Float[Array, " nv"]:  # fmt: skip
        """Return the change of velocity over one step.

        Args:
            state: [qpos, qvel, ...].
            unconstrained: the step without constraints.
            mass_matrix: mass matrix M.
            factors: factors on the compliance with `factor_shapes`, by default 1.
            initial_change: change of velocity at which the solve starts; in training, the true one.
            contact_motion: result of `contact_motion`, if it has already been computed.
            iterations: steps of Newton's method before the last step. With `initial_change`, which is assumed to
                be close to the solution, the default is smaller.
        """
        dt, nv = self.space.dt, self.space.nv
        damping = jnp.zeros(nv) if unconstrained.damping is None else unconstrained.damping
        rows = self.rows(state, factors, contact_motion)

        def acceleration(change: jax.Array) -> jax.Array:
            """Return the acceleration that causes a change of velocity in a step that is implicit in the damping."""
            return (change + dt * linalg.solve(mass_matrix, damping * change)) / dt

        if iterations is None:
            iterations = self._iterations() if initial_change is None else min(self._iterations(), TRAINING_ITERATIONS)
        initial_acceleration = None if initial_change is None else acceleration(initial_change)
        force = solve(mass_matrix, acceleration(unconstrained.change), rows, initial_acceleration, iterations)
        return unconstrained.change + dt * linalg.solve(mass_matrix + dt * jnp.diag(damping), force)

    def rows(
        self, state: Float[AnyArray, " S"], factors: Factors | None = None, contact_motion: ContactMotions | None = None
    ) -> list[Rows]:
        """Return the rows at a state: those of the joints, if there are any, then those of each condim."""
        factors = {name: jnp.ones(shape) for name, shape in self.factor_shapes.items()} if factors is None else factors
        rows: list[Rows] = []
        if len(self.joints):
            rows.append(self.joints.rows(state, {name: factors[name] for name in joint_rows.FACTORS}))
        if self.contact_rows is not None:
            factor = {name: factors[f"contact_{name}"] for name in self.contact_rows.factor_shapes}
            if contact_motion is None:
                contact_motion = self.contact_motion(state, self.nearest_contacts(state))
            for condim, (slots, motion) in contact_motion.items():
                rows.append(self.contact_rows.rows(motion, condim, slots, self.space.qvel(state), factor))
        return rows

    def nearest_contacts(self, state: Float[AnyArray, " S"]) -> NearestContacts:
        """Return the nearest `MAX_CONTACTS_PER_CONDIM` contacts of each condim.

        This is the most expensive part of the layer. It does not depend on the factors, so that training computes it
        only once for each state.
        """
        if self.contact_rows is None or self.contacts is None:
            return {}
        return self.nearest(self.contacts.detect(self.contacts.kinematics(self.space.qpos(state))))

    def nearest(self, detected: SlotContacts) -> NearestContacts:
        """Return the nearest `MAX_CONTACTS_PER_CONDIM` contacts of each condim, from the contacts of all slots."""
        if self.contact_rows is None or self.contacts is None:
            return {}
        nearest = {}
        for condim, slots in self.contact_rows.slots_by_condim.items():
            part = jax.tree.map(lambda x, slots=slots: x[slots], detected)
            nearest[condim] = self.contacts.nearest(part, MAX_CONTACTS_PER_CONDIM)
        return nearest

    def absent_contacts(self) -> NearestContacts:
        """Return contacts with the shapes of `nearest_contacts`, none of which is present."""
        slots_by_condim = self.contact_rows.slots_by_condim if self.contact_rows else {}
        return {
            condim: SlotContacts.absent(min(MAX_CONTACTS_PER_CONDIM, len(slots)))
            for condim, slots in slots_by_condim.items()
        }

    def contact_motion(self, state: Float[AnyArray, " S"], nearest: NearestContacts) -> ContactMotions:
        """Return the motion of the bodies at the contacts that `nearest_contacts` found."""
        if self.contacts is None:
            return {}
        poses = self.contacts.kinematics(self.space.qpos(state))
        motions = {}
        for condim, detected in nearest.items():
            distance = jnp.where(detected.present, detected.distance, ABSENT_DISTANCE)
            motions[condim] = detected.slot, ContactMotion(distance, *self.contacts.jacobian(poses, detected))
        return motions

    def _iterations(self) -> int:
        """Return the iterations that usually find the zones of all rows: none for a single joint limit.

        A joint limit has two zones, dry friction three.
        """
        if self.contact_rows is not None:
            return CONTACT_ITERATIONS
        limit = self.joints.joint_limit
        return 0 if limit.tolist() == [True] else min(1 + int((2 - limit).sum()), MAX_JOINT_ITERATIONS)
