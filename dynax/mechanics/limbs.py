"""What a limb adds to the mass matrix of a robot, up to numbers that depend on how its bodies stand.

A limb is what a joint of the base carries, together with the base; a tree that stands in the world has limbs without
one. How a limb moves adds to the kinetic energy what depends on the angles of its own joints alone.

Axes: B bodies, r momenta and k degrees of freedom of a limb, nv degrees of freedom of the robot.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from dynax.mechanics.kinematics import moved
from dynax.mechanics.trees import Tree, trees
from dynax.mjcf.gravity import gravity

START = 0.7  # the root of a scaled mass matrix before anything is learned, times one
FLOOR = 1e-4  # of the MJCF's, below any learned: what a network says of a mass matrix can be inverted then
MOMENTA = 6  # of a rigid body


@dataclass(frozen=True, eq=False)
class Limb:
    """Of one limb of a tree, what the MJCF says of its kinetic energy |G w|^2 / 2.

    A row of G is one of the six momenta of a body, or of several that move as one: it has entries for what moves them.
    w are the rates of the limb, on a scale of one, as its base has them.
    """

    tree: Tree
    dofs: np.ndarray  # (k,) int
    bodies: np.ndarray  # int: those that its own joints move
    mask: np.ndarray  # (r, k) bool: where G may differ from zero
    start: np.ndarray  # (r, k) G before anything is learned
    scale: np.ndarray  # (k,) what a rate is multiplied by
    weight: float  # the scale of its potential energy, N times 1 m
    nv: int  # degrees of freedom of the robot

    @classmethod
    def every(cls, model: mujoco.MjModel) -> list["Limb"]:
        """The limbs of all trees of `model`."""
        parts = [(tree, _limbs(model, tree)) for tree in trees(model)]
        return [cls.of(model, tree, dofs, len(each)) for tree, each in parts for dofs in each]

    @classmethod
    def of(cls, model: mujoco.MjModel, tree: Tree, dofs: np.ndarray, share: int) -> "Limb":
        """The limb of `tree` with the degrees of freedom `dofs`, one of `share` limbs."""
        moves, base = moved(model), np.isin(dofs, tree.base)
        others = moves[:, np.setdiff1d(tree.dofs, dofs)].any(axis=1)
        movers = np.unique(moves[moves[:, dofs].any(axis=1) & ~others][:, dofs], axis=0)
        rows = [(row, dof) for row in movers for dof in np.flatnonzero(row)[-MOMENTA:]]
        first = np.eye(len(dofs))[[dof for _, dof in rows]]
        return cls(
            tree=tree,
            dofs=dofs,
            bodies=np.flatnonzero(moves[:, dofs[~base]].any(axis=1)),
            mask=np.array([row for row, _ in rows]),
            start=START * first / np.sqrt(first.sum(axis=0) * np.where(base, share, 1)),
            scale=1 / np.sqrt(model.dof_invweight0[dofs]),
            weight=float(np.linalg.norm(gravity(model)) * model.body_subtreemass[tree.body]),
            nv=model.nv,
        )

    @property
    def floats(self) -> bool:
        return self.tree.floats

    def seen(self, position: jax.Array, rotation: jax.Array) -> jax.Array:
        """The rotations and places of its bodies as the base has them, or the world if there is none, and a one."""
        turn, place = rotation[self.bodies], position[self.bodies]
        if self.floats:
            base = rotation[self.tree.body]
            turn, place = base.T @ turn, (place - position[self.tree.body]) @ base
        return jnp.concatenate([turn.ravel(), place.ravel(), jnp.ones(1, place.dtype)])

    def root(self, entries: jax.Array) -> jax.Array:
        """G (r, k), with `entries` (r k,) what it has besides its start."""
        return jnp.asarray(self.start, entries.dtype) + entries.reshape(self.mask.shape) * self.mask

    def rates(self, rotation: jax.Array, v: jax.Array) -> jax.Array:
        """w (k,) of qvel (nv,): linear velocities of the base in its own axes."""
        own = v[self.dofs]
        if self.floats:
            directions = jnp.asarray(self.tree.directions, v.dtype)
            turned = directions.T @ (rotation[self.tree.body].T @ (directions @ v[self.tree.linear]))
            own = own.at[np.searchsorted(self.dofs, self.tree.linear)].set(turned)
        return own * self.scale

    def inertia(self, root: jax.Array, rotation: jax.Array) -> jax.Array:
        """What it adds to the mass matrix (nv, nv)."""
        rates = jax.vmap(lambda v: self.rates(rotation, v), out_axes=1)(jnp.eye(self.nv, dtype=root.dtype))
        return rates.T @ (root.T @ root) @ rates


@dataclass(frozen=True, eq=False)
class BaseInvariance:
    """What a robot does not feel: how fast its bases move along, that they fall, and where on even ground it stands."""

    linear: np.ndarray  # (nv,) bool: the translations of bases
    fall: np.ndarray  # (nv,) the acceleration that gravity gives to them, m/s^2
    idle: np.ndarray  # (nv,) bool: what nothing depends on, of trees that stand in the world
    zero: np.ndarray  # int: where in qpos that is

    @classmethod
    def of(cls, model: mujoco.MjModel, invariant: np.ndarray) -> "BaseInvariance":
        """Of `invariant` (nv,) bool, degrees of freedom that nothing depends on."""
        linear, fall, stands = np.zeros(model.nv, bool), np.zeros(model.nv), np.zeros(model.nv, bool)
        for tree in trees(model):
            linear[tree.linear] = True
            fall[tree.linear] = tree.directions.T @ gravity(model)
            stands[tree.dofs] = not tree.floats
        idle = stands & invariant
        return cls(linear, fall, idle, model.jnt_qposadr[model.dof_jntid[idle]].astype(np.int32))


def _limbs(model: mujoco.MjModel, tree: Tree) -> list[np.ndarray]:
    """The degrees of freedom of each limb; of a tree of no more than a base, of that."""
    each: dict[int, list[int]] = {}
    for dof in np.setdiff1d(tree.dofs, tree.base).tolist():
        root = dof
        while (above := int(model.dof_parentid[root])) >= 0 and above not in tree.base:
            root = above
        each.setdefault(root, []).append(dof)
    return [np.sort(np.concatenate([tree.base, limb])) for limb in each.values()] or [tree.dofs]
