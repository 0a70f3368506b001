"""The acceleration under constraints, differentiable in everything it depends on.

With the unconstrained acceleration a0 and the mass matrix M, MuJoCo's primal problem is

    a = argmin  1/2 (a - a0)^T M (a - a0) + sum_i s_i(J_i a - aref_i)

with the costs s of `rows`. The problem is convex and its gradient is continuous. Newton's method with a line search
finds the minimum. Gradients flow through the last Newton step only: at the minimum, the step x - H^-1 g has the
derivative -H^-1 dg of the implicit function.

All functions use x = a - a0, which is zero if no constraint is active.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dynax.math import linalg
from dynax.math.arrays import AnyArray
from dynax.mechanics.constraints.line_search import line_search
from dynax.mechanics.constraints.rows import Rows

MAX_UNROLLED_STEPS = 6  # unrolled steps run twice as fast, but many of them take long to compile


def solve(
    mass_matrix: Float[AnyArray, "nv nv"],
    unconstrained: Float[AnyArray, " nv"],
    rows: list[Rows],
    initial_acceleration: Float[AnyArray, " nv"] | None = None,
    iterations: int = 0,
) -> Float[Array, " nv"]:
    """Return the generalized constraint force J^T f at the minimum; a is a0 plus M^-1 times this force.

    Args:
        mass_matrix: mass matrix M.
        unconstrained: unconstrained acceleration a0.
        rows: constraint rows.
        initial_acceleration: acceleration from which the iterations start, by default a0.
        iterations: Newton steps with line search. One full step without line search follows. It is exact if every row
            is already in its final zone. No iterations are needed if `initial_acceleration` is the solution, or for a
            single joint limit.
    """
    shifted = [replace(row, reference=row.reference - row.jacobian @ unconstrained) for row in rows]
    first = jnp.zeros_like(unconstrained) if initial_acceleration is None else initial_acceleration - unconstrained
    fixed = jax.lax.stop_gradient(mass_matrix), jax.lax.stop_gradient(shifted)
    x = jax.lax.stop_gradient(first)
    unroll = max(iterations, 1) if iterations <= MAX_UNROLLED_STEPS else 1
    x = jax.lax.fori_loop(0, iterations, lambda _, x: newton_step(*fixed, x), x, unroll=unroll)
    y, forces, step = newton_direction(mass_matrix, shifted, x)
    # Return the force at the end of the step. It is exactly zero if no constraint is active.
    final_forces = [
        f - row.hvp(v, (row.jacobian @ step)[..., None])[..., 0] for row, f, v in zip(shifted, forces, y, strict=True)
    ]
    return generalized_force(shifted, final_forces)


def newton_direction(
    mass_matrix: Float[AnyArray, "nv nv"], rows: list[Rows], x: Float[AnyArray, " nv"]
) -> tuple[list[jax.Array], list[jax.Array], Float[Array, " nv"]]:
    """Return y and f of the rows at x, and the full Newton step."""
    y = [row.jacobian @ x - row.reference for row in rows]
    forces = [row.force(v) for row, v in zip(rows, y, strict=True)]
    hessian = mass_matrix
    for row, v in zip(rows, y, strict=True):
        product = row.hvp(v, row.jacobian).reshape(-1, len(x))
        hessian = hessian + row.jacobian.reshape(-1, len(x)).T @ product
    return y, forces, linalg.solve(hessian, generalized_force(rows, forces) - mass_matrix @ x)


def newton_step(
    mass_matrix: Float[AnyArray, "nv nv"], rows: list[Rows], x: Float[AnyArray, " nv"]
) -> Float[Array, " nv"]:
    """Return x after one step of Newton's method with a line search."""
    y, _, step = newton_direction(mass_matrix, rows, x)
    return x + line_search(mass_matrix, rows, x, step, y) * step


def generalized_force(rows: list[Rows], forces: list[jax.Array]) -> Float[Array, " nv"]:
    """Return J^T f."""
    parts = [f.ravel() @ row.jacobian.reshape(-1, row.jacobian.shape[-1]) for row, f in zip(rows, forces, strict=True)]
    return jnp.sum(jnp.stack(parts), axis=0)
