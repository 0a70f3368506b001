"""MuJoCo's constraint solve as a differentiable layer, after any model of the free motion.

Joint stops and dry friction are rows of one problem: with a0 the acceleration without constraints,

    a = argmin  1/2 (a - a0)^T M (a - a0) + sum_i s_i(J_i a - aref_i)

where s_i is a parabola of stiffness D_i over the range in which the row's force f_i = -D_i (J_i a - aref_i) stays
between its bounds, and linear beyond: a stop pushes and never pulls, friction is at most its `frictionloss` (MuJoCo
documentation, Computation: Constraint model, Primal problem). Newton's method finds which rows stay between their
bounds; one linear solve on these is the answer, and is what gradients go through.

Axes: R rows, nv degrees of freedom.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from flax import linen as nn
from flax import struct

from dynax import features, linalg
from dynax.frames import Frame
from dynax.state_space import StateSpace
from dynax.symmetry import HINGE, SLIDE

ITERATIONS = 6  # of Newton's method, at most
STEPS = np.array([1.0, 0.5, 0.2, 0.05])  # fractions of Newton's step that are tried
TINY = 1e-30
FLAT = 1e-15  # a sigmoid this narrow is its middle everywhere
UNBOUNDED = 1e20  # N or N m; finite, so that its gradient is a number
FACTORS = ("stiffness", "damping", "weight", "bound")  # what is learned of each row


class Free(struct.PyTreeNode):
    """What a robot does over one step while no constraint acts.

    `inertia` and `damping` are for a model that has a mass matrix; its change is then
    dt (M + dt diag(damping))^-1 M a0, as MuJoCo's Euler treats joint damping implicitly.
    """

    change: jax.Array  # (D,), or (h, D) of a sequence model
    inertia: jax.Array | None = None  # (nv, nv) mass matrix M
    damping: jax.Array | None = None  # (nv,)


@dataclass(frozen=True, eq=False)
class Rows:
    """The constraint rows of a robot as its MJCF has them: joint stops first, then dry friction."""

    joint: np.ndarray  # (R,) int: the degree of freedom a row acts on
    stop: np.ndarray  # (R,) bool: a stop; otherwise friction
    bound: np.ndarray  # (R,) largest force, N or N m
    stiffness: np.ndarray  # (R,) K of aref = -B v - K r, 1/s^2; r is negative beyond the start of a stop
    damping: np.ndarray  # (R,) B, 1/s
    impedance: np.ndarray  # (R, 5) solimp
    weight: np.ndarray  # (R,) the inverse inertia against which the impedance is measured
    dof_weight: np.ndarray = field(repr=False)  # (nv,) the same for every degree of freedom

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "Rows | None":
        """The rows of `model`, or nothing where it has neither stops nor friction."""
        limited = np.flatnonzero(model.jnt_limited.astype(bool) & np.isin(model.jnt_type, (HINGE, SLIDE)))
        stops, rubbing = model.jnt_dofadr[limited], np.flatnonzero(model.dof_frictionloss > 0)
        joint = np.concatenate([stops, rubbing])
        if not len(joint):
            return None
        solimp = np.concatenate([model.jnt_solimp[limited], model.dof_solimp[rubbing]])
        solimp[:, [0, 1, 3]] = np.clip(solimp[:, [0, 1, 3]], 1e-4, 1 - 1e-4)  # mjMINIMP, mjMAXIMP
        solimp[:, 4] = np.maximum(solimp[:, 4], 1)
        stiffness, damping = reference(
            np.concatenate([model.jnt_solref[limited], model.dof_solref[rubbing]]), solimp[:, 1], model.opt.timestep
        )
        stop = np.arange(len(joint)) < len(stops)
        return cls(
            joint=joint,
            stop=stop,
            bound=np.where(stop, UNBOUNDED, model.dof_frictionloss[joint]),
            stiffness=np.where(stop, stiffness, 0.0),
            damping=damping,
            impedance=solimp,
            weight=model.dof_invweight0[joint],
            dof_weight=model.dof_invweight0,
        )

    def astype(self, dtype: Any) -> "Rows":
        """The rows with their numbers as JAX arrays: JAX would keep NumPy's in the precision it first met them in."""
        names = ("bound", "stiffness", "damping", "impedance", "weight")
        return replace(self, **{name: jnp.asarray(getattr(self, name), dtype) for name in names})


def reference(solref: np.ndarray, dmax: np.ndarray, timestep: float) -> tuple[np.ndarray, np.ndarray]:
    """K and B of the reference acceleration aref = -B v - K imp r, two (R,), from `solref` (R, 2) and dmax (R,).

    Source: MuJoCo documentation, Modeling: Solver parameters. Both formats, and the guard against time constants below
    two steps.
    """
    first, second = solref.T
    constant, ratio = np.maximum(first, 2 * timestep), np.maximum(second, 1e-10)
    direct = (first <= 0) & (second <= 0)
    stiffness = np.where(direct, -first / dmax**2, 1 / (dmax * constant * ratio) ** 2)
    return stiffness, np.where(direct, -second / dmax, 2 / (dmax * constant))


def impedance(solimp: jax.Array, distance: jax.Array) -> jax.Array:
    """d(r) in (0, 1), (R,): MuJoCo's sigmoid of the distance |r| (R,) past the start of a row, from `solimp` (R, 5).

    Source: MuJoCo documentation, Modeling: Solver parameters.
    """
    start, end, width, middle, power = solimp.T
    x = jnp.clip(distance / jnp.maximum(width, FLAT), 0, 1)
    rising = x**power / middle ** (power - 1)
    falling = 1 - (1 - x) ** power / (1 - middle) ** (power - 1)
    y = jnp.where(power == 1, x, jnp.where(x <= middle, rising, falling))
    return start + jnp.where(width <= FLAT, 0.5, y) * (end - start)


def solve(
    inertia: jax.Array, free: jax.Array, jacobian: jax.Array, reference: jax.Array, stiffness: jax.Array,
    lower: jax.Array, upper: jax.Array, iterations: int,
) -> jax.Array:  # fmt: skip
    """The generalised constraint force J^T f (nv,) at the minimum of the problem above.

    Args:
        inertia: mass matrix M (nv, nv).
        free: a0 (nv,).
        jacobian: J (R, nv).
        reference: aref (R,).
        stiffness: D (R,); zero where a row is not there.
        lower, upper: bounds of the force f, (R,), finite.
        iterations: of Newton's method; none are needed for one stop alone, of which the first guess is right.
    """

    def force(acceleration: jax.Array) -> jax.Array:
        return -stiffness * (jacobian @ acceleration - reference)

    def cost(acceleration: jax.Array) -> jax.Array:
        """The problem's objective; of a row, the integral of its bounded force."""
        f, off = force(acceleration), acceleration - free
        inside = jnp.clip(f, lower, upper)
        rows = jnp.where(stiffness > 0, inside * (f - inside / 2) / jnp.maximum(stiffness, TINY), 0.0)
        return off @ inertia @ off / 2 + rows.sum()

    def newton(within: jax.Array, held: jax.Array) -> jax.Array:
        """a, if the rows `within` (R,) lie between their bounds and the others push with `held` (R,)."""
        active = jacobian * (within * stiffness)[:, None]
        return linalg.solve(inertia + active.T @ jacobian, inertia @ free + active.T @ reference + jacobian.T @ held)

    def partition(acceleration: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The rows between their bounds, and what the others push with."""
        f = jax.lax.stop_gradient(force(acceleration))
        within = ((f > lower) & (f < upper)).astype(f.dtype)
        return within, jnp.where(f <= lower, lower, 0.0) + jnp.where(f >= upper, upper, 0.0)

    def improved(acceleration: jax.Array) -> jax.Array:
        """The best of a few steps towards Newton's; the whole one may go back and forth between two partitions."""
        steps = acceleration + STEPS[:, None] * (newton(*partition(acceleration)) - acceleration)
        return steps[jnp.argmin(jax.vmap(cost)(steps))]

    acceleration = jax.lax.stop_gradient(free)
    for _ in range(iterations):
        acceleration = jax.lax.stop_gradient(improved(acceleration))
    within, held = partition(acceleration)
    return jacobian.T @ (within * force(newton(within, held)) + held)


class ConstraintLayer(nn.Module):
    """Bends a free motion at the robot's stops, and rubs at its joints.

    The place of the stops is the MJCF's. How hard they are and how strongly joints rub starts there too, and is learned
    as a factor for each row: of K, B and D, and of the friction's bound. The mass matrix is the model's own, or else is
    learned as a network of the positions. Only its ratio to the compliance matters, so that it needs no unit. With a
    `frame` all is in the axes of the robot's base, the changes too: no stop is of what floats.
    """

    space: StateSpace
    rows: Rows
    frame: Frame | None = None

    @nn.compact
    def __call__(self, state: jax.Array, free: Free) -> jax.Array:
        """The change of velocity (nv,) from `state` (S,), of which `free` says what it were without constraints."""
        dt = self.space.dt
        rows: Any = self.rows.astype(state.dtype)
        factor = {name: jnp.exp(self.param(name, nn.initializers.zeros, rows.joint.shape)) for name in FACTORS}
        inertia = Inertia(self.space, rows.dof_weight, self.frame)(state) if free.inertia is None else free.inertia
        damping = jnp.zeros(self.space.nv) if free.damping is None else free.damping
        velocity = self.space.qvel(state)
        if self.frame:
            velocity = self.frame.seen(state, velocity)
        distance, jacobian = self._geometry(state)
        sigmoid = impedance(rows.impedance, jnp.abs(distance))
        reference = (
            -rows.damping * factor["damping"] * (jacobian @ velocity)
            - rows.stiffness * factor["stiffness"] * sigmoid * distance
        )
        there = ~rows.stop | (distance < 0)
        stiffness = there * factor["weight"] * sigmoid / ((1 - sigmoid) * rows.weight)
        bound = rows.bound * jnp.where(rows.stop, 1.0, factor["bound"])
        unconstrained = (free.change + dt * linalg.solve(inertia, damping * free.change)) / dt
        lower = jnp.where(rows.stop, 0.0, -bound)
        iterations = 0 if rows.stop.tolist() == [True] else min(1 + (2 - rows.stop).sum(), ITERATIONS)
        force = solve(inertia, unconstrained, jacobian, reference, stiffness, lower, bound, iterations)
        return free.change + dt * linalg.solve(inertia + dt * jnp.diag(damping), force)

    def _geometry(self, state: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Distance r (R,) to where each row begins, negative beyond, and its Jacobian (R, nv); friction has r = 0.

        A joint has one row for both its stops, that of the nearer.
        """
        below, above = self.space.beyond(state)
        rubbing = jnp.zeros(len(self.rows.joint) - len(below))
        side = jnp.concatenate([jnp.where(below > above, 1.0, -1.0), rubbing + 1])
        distance = jnp.concatenate([-jnp.maximum(below, above), rubbing])
        return distance, side[:, None] * np.eye(self.space.nv)[self.rows.joint]


class Inertia(nn.Module):
    """A mass matrix learned as a network of the positions: S (L L^T + 1e-4) S, S from the MJCF's inverse inertias."""

    space: StateSpace
    weight: np.ndarray  # (nv,) `dof_invweight0`
    frame: Frame | None = None
    hidden_dims: tuple[int, ...] = (64, 64)

    @nn.compact
    def __call__(self, state: jax.Array) -> jax.Array:
        n = self.space.nv
        x = features.positions(self.space, state, "sincos", self.space.invariant, self.frame)
        for width in self.hidden_dims:
            x = nn.silu(nn.Dense(width)(x))
        entries = nn.Dense(n * (n + 1) // 2, kernel_init=nn.initializers.normal(0.01))(x)
        lower = linalg.lower_triangular(entries, n) + 0.7 * np.eye(n)
        scale = 1 / np.sqrt(self.weight)
        return (lower @ lower.T + 1e-4 * np.eye(n)) * scale[:, None] * scale
