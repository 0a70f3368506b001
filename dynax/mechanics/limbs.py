"""Limbs: parts of a robot whose kinetic energies add up to the kinetic energy of the robot.

A limb consists of the base of a tree and everything that one joint of the base carries. A tree with a fixed base has
limbs without a base. The contribution of a limb to the mass matrix depends only on the angles of its own joints, up to
the orientation of the base.

The kinetic energy of a limb is |G w|^2 / 2. Each row of G is one momentum of a rigid body, or of several bodies that
move as one. A row has entries only for the degrees of freedom that move the body. The rates w are the velocities of the
limb, scaled to unit inertia, with the linear velocity of the base in the axes of the base.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Num

from dynax.math.arrays import AnyArray
from dynax.mechanics.joint_tree import dof_mask
from dynax.mechanics.trees import Tree, trees
from dynax.mjcf.gravity import gravity

INITIAL_ROOT = 0.7  # diagonal of the square root of a mass matrix before training, relative to the MJCF
MIN_INERTIA = 1e-4  # lower bound on the eigenvalues of a learned mass matrix, relative to the MJCF
MAX_MOMENTA = 6  # momenta of one rigid body


@dataclass(frozen=True, eq=False)
class Limb:
    """One limb of a tree, and the structure of the square root G of its mass matrix."""

    tree: Tree
    dofs: Int[np.ndarray, " n"]  # degrees of freedom of the limb, with those of its base
    bodies: Int[np.ndarray, " K"]  # bodies that the limb's own joints move
    mask: Bool[np.ndarray, "r n"]  # entries of G that may differ from zero
    initial_root: Float[np.ndarray, "r n"]  # G before training
    scale: Float[np.ndarray, " n"]  # factors from velocities to rates
    weight: float  # unit of the potential energy: the tree's weight times 1 m, J
    nv: int  # degrees of freedom of the robot

    @classmethod
    def all_of(cls, model: mujoco.MjModel) -> list["Limb"]:
        """Return the limbs of all trees of a model."""
        groups = [(tree, _limb_dofs(model, tree)) for tree in trees(model)]
        return [cls.of(model, tree, dofs, len(limbs)) for tree, limbs in groups for dofs in limbs]

    @classmethod
    def of(cls, model: mujoco.MjModel, tree: Tree, dofs: Int[np.ndarray, " n"], num_limbs: int) -> "Limb":
        """Return the limb of `tree` with the degrees of freedom `dofs`.

        The `num_limbs` limbs of the tree share the initial inertia of the base.
        """
        moves, is_base = dof_mask(model), np.isin(dofs, tree.base)
        other_limbs = moves[:, np.setdiff1d(tree.dofs, dofs)].any(axis=1)
        rigid_groups = np.unique(moves[moves[:, dofs].any(axis=1) & ~other_limbs][:, dofs], axis=0)
        rows = [(row, dof) for row in rigid_groups for dof in np.flatnonzero(row)[-MAX_MOMENTA:]]
        diagonal = np.eye(len(dofs))[[dof for _, dof in rows]]
        return cls(
            tree=tree,
            dofs=dofs,
            bodies=np.flatnonzero(moves[:, dofs[~is_base]].any(axis=1)),
            mask=np.array([row for row, _ in rows]),
            initial_root=INITIAL_ROOT * diagonal / np.sqrt(diagonal.sum(axis=0) * np.where(is_base, num_limbs, 1)),
            scale=1 / np.sqrt(model.dof_invweight0[dofs]),
            weight=float(np.linalg.norm(gravity(model)) * model.body_subtreemass[tree.root]),
            nv=model.nv,
        )

    @property
    def floating_base(self) -> bool:
        """Whether the limb has a floating base."""
        return self.tree.floating_base

    def relative_poses(
        self, position: Float[AnyArray, "B 3"], rotation: Float[AnyArray, "B 3 3"]
    ) -> Float[Array, " F"]:
        """Return the rotations and positions of the limb's bodies relative to its base, followed by a constant 1.

        Without a floating base they are relative to the world.

        Args:
            position: positions of all bodies of the robot, m.
            rotation: rotations of all bodies of the robot.
        """
        rotations, positions = rotation[self.bodies], position[self.bodies]
        if self.floating_base:
            base = rotation[self.tree.root]
            rotations, positions = base.T @ rotations, (positions - position[self.tree.root]) @ base
        return jnp.concatenate([rotations.ravel(), positions.ravel(), jnp.ones(1, positions.dtype)])

    def root(self, entries: Float[AnyArray, " P"]) -> Float[Array, "r n"]:
        """Return G, the initial root plus the learned `entries` (r n,)."""
        return jnp.asarray(self.initial_root, entries.dtype) + entries.reshape(self.mask.shape) * self.mask

    def rates(self, rotation: Float[AnyArray, "B 3 3"], v: Num[AnyArray, " nv"]) -> Float[Array, " n"]:
        """Return the rates w of the limb at the generalized velocity `v`."""
        rates = v[self.dofs]
        if self.floating_base:
            directions = jnp.asarray(self.tree.directions, v.dtype)
            velocity = directions.T @ (rotation[self.tree.root].T @ (directions @ v[self.tree.translation]))
            rates = rates.at[np.searchsorted(self.dofs, self.tree.translation)].set(velocity)
        return rates * self.scale

    def mass_matrix(self, root: Float[AnyArray, "r n"], rotation: Float[AnyArray, "B 3 3"]) -> Float[Array, "nv nv"]:
        """Return the contribution of the limb to the mass matrix."""
        rates = jax.vmap(lambda v: self.rates(rotation, v), out_axes=1)(jnp.eye(self.nv, dtype=root.dtype))
        return rates.T @ (root.T @ root) @ rates


@dataclass(frozen=True, eq=False)
class BaseInvariance:
    """Invariances of the dynamics of a robot under motions of its bases."""

    base_translation: Bool[np.ndarray, " nv"]  # translations of floating bases
    gravity: Float[np.ndarray, " nv"]  # gravitational acceleration of floating bases, m/s^2
    invariant: Bool[np.ndarray, " nv"]  # degrees of freedom of fixed-base trees that nothing depends on
    invariant_qpos: Int[np.ndarray, " n"]  # their indices in qpos

    @classmethod
    def of(cls, model: mujoco.MjModel, invariant: Bool[np.ndarray, " nv"]) -> "BaseInvariance":
        """Return the invariances of a model; nothing depends on the degrees of freedom `invariant`."""
        base_translation, base_gravity = np.zeros(model.nv, bool), np.zeros(model.nv)
        fixed_base = np.zeros(model.nv, bool)
        for tree in trees(model):
            base_translation[tree.translation] = True
            base_gravity[tree.translation] = tree.directions.T @ gravity(model)
            fixed_base[tree.dofs] = not tree.floating_base
        fixed = fixed_base & invariant
        return cls(base_translation, base_gravity, fixed, model.jnt_qposadr[model.dof_jntid[fixed]].astype(np.int32))


def _limb_dofs(model: mujoco.MjModel, tree: Tree) -> list[np.ndarray]:
    """Return the degrees of freedom of each limb of a tree; a tree that is only a base is one limb."""
    groups: dict[int, list[int]] = {}
    for dof in np.setdiff1d(tree.dofs, tree.base).tolist():
        first = dof
        while (parent := int(model.dof_parentid[first])) >= 0 and parent not in tree.base:
            first = parent
        groups.setdefault(first, []).append(dof)
    return [np.sort(np.concatenate([tree.base, dofs])) for dofs in groups.values()] or [tree.dofs]
