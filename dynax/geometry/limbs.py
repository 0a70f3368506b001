"""What a limb adds to the mass matrix of a robot, up to numbers that depend on how its bodies stand.

A limb is what a joint of the base carries, together with the base; a tree that stands in the world has limbs without
one. How a limb moves adds to the kinetic energy what depends on the angles of its own joints alone.

Axes: S state, B bodies, k degrees of freedom of a limb, nv of the robot.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from dynax.geometry.kinematics import moved
from dynax.geometry.trees import Tree, trees

START = 0.7  # the root of the scaled mass matrix before anything is learned, times one


@dataclass(frozen=True, eq=False)
class Limb:
    """Of one limb of a tree, what the MJCF says of its mass matrix."""

    tree: Tree
    dofs: np.ndarray  # (k,) int
    bodies: np.ndarray  # int: those that its own joints move
    spread: np.ndarray  # (k k, n) from what may differ from zero in its mass matrix's lower triangle to that matrix
    own: np.ndarray  # (k, nv) its degrees of freedom among the robot's
    along: np.ndarray  # (k, m) of these the base's translations
    start: np.ndarray  # (k,) the diagonal of its root before anything is learned; of the base, one share in it
    scale: np.ndarray  # (k,) what a root of one stands for
    weight: float  # the scale of its potential energy, N times 1 m

    @classmethod
    def every(cls, model: mujoco.MjModel) -> list["Limb"]:
        """The limbs of all trees of `model`."""
        parts = [(tree, _limbs(model, tree)) for tree in trees(model)]
        return [cls.of(model, tree, dofs, len(each)) for tree, each in parts for dofs in each]

    @classmethod
    def of(cls, model: mujoco.MjModel, tree: Tree, dofs: np.ndarray, share: int) -> "Limb":
        """The limb of `tree` with the degrees of freedom `dofs`, one of `share` limbs."""
        moves, base = moved(model), np.isin(dofs, tree.base)
        bodies = np.flatnonzero(moves[:, dofs[~base]].any(axis=1))
        coupled = moves[:, dofs].astype(int)
        lower = np.flatnonzero(np.tril(coupled.T @ coupled))
        return cls(
            tree=tree,
            dofs=dofs,
            bodies=bodies,
            spread=np.eye(len(dofs) ** 2)[:, lower],
            own=np.eye(model.nv)[dofs],
            along=np.eye(len(dofs))[:, np.searchsorted(dofs, tree.linear)],
            start=np.where(base, START / share**0.5, START),
            scale=1 / np.sqrt(model.dof_invweight0[dofs]),
            weight=float(np.linalg.norm(model.opt.gravity) * model.body_subtreemass[tree.body]),
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

    def root(self, entries: jax.Array, rotation: jax.Array) -> jax.Array:
        """A root (k, nv) of its mass matrix: L S T, with `entries` what L has besides its start."""
        # Products with constants of zeros and ones: on a CPU scatters take several times as long.
        spread, own, along, directions, start = (
            jnp.asarray(x, entries.dtype)
            for x in (self.spread, self.own, self.along, self.tree.directions, self.start[:, None])
        )
        k, n = len(self.dofs), len(self.tree.linear)
        root = start * (jnp.eye(k) + (spread @ entries).reshape(k, k)) * self.scale
        if n:
            turn = directions.T @ rotation[self.tree.body].T @ directions
            root += root @ (along @ (turn - jnp.eye(n)) @ along.T)
        return root @ own


@dataclass(frozen=True, eq=False)
class Ground:
    """What a robot does not feel: how fast its bases move along, that they fall, and where on even ground it stands."""

    linear: np.ndarray  # (nv,) bool: the translations of bases
    fall: np.ndarray  # (nv,) the acceleration that gravity gives to them, m/s^2
    idle: np.ndarray  # (nv,) bool: what nothing depends on, of trees that stand in the world
    zero: np.ndarray  # int: where in qpos that is

    @classmethod
    def of(cls, model: mujoco.MjModel, invariant: np.ndarray) -> "Ground":
        """Of `invariant` (nv,) bool, degrees of freedom that nothing depends on."""
        linear, fall, stands = np.zeros(model.nv, bool), np.zeros(model.nv), np.zeros(model.nv, bool)
        for tree in trees(model):
            linear[tree.linear] = True
            fall[tree.linear] = tree.directions.T @ model.opt.gravity
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
