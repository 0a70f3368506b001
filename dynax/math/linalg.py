"""Linear algebra for the few degrees of freedom of a robot, inside a batch of thousands.

LAPACK is called once a matrix, which for matrices of three rows costs more than the rest of a model. Up to `UNROLLED`
rows the decomposition is written out instead, and XLA vectorizes it over the batch.
"""

import jax
import jax.numpy as jnp

UNROLLED = 6


def solve(matrix: jax.Array, vector: jax.Array) -> jax.Array:
    """x (n,) with `matrix` x = `vector`, for a symmetric positive definite `matrix` (n, n)."""
    fixed = jax.lax.stop_gradient(matrix)
    if len(vector) > UNROLLED:
        factor = jnp.linalg.cholesky(fixed), True
        solved = lambda b: jax.scipy.linalg.cho_solve(factor, b)  # noqa: E731
    else:
        lower = _cholesky(fixed, len(vector))
        solved = lambda b: _substituted(lower, b)  # noqa: E731
    # The derivative of a solution is another solve with the same factor; that of a decomposition costs far more.
    return jax.lax.custom_linear_solve(lambda x: matrix @ x, vector, lambda _, b: solved(b), symmetric=True)


def lower_triangular(entries: jax.Array, n: int) -> jax.Array:
    """The (n, n) matrix whose lower triangle is `entries` (n (n + 1) / 2,), row by row."""
    rows, columns = jnp.tril_indices(n)
    return jnp.zeros((n, n), entries.dtype).at[rows, columns].set(entries)


def _cholesky(matrix: jax.Array, n: int) -> list[list[jax.Array]]:
    lower: list[list[jax.Array]] = []
    for i in range(n):
        row: list[jax.Array] = []
        for j in range(i):
            row.append((matrix[i, j] - sum(row[k] * lower[j][k] for k in range(j))) / lower[j][j])
        row.append(jnp.sqrt(matrix[i, i] - sum(r * r for r in row)))
        lower.append(row)
    return lower


def _substituted(lower: list[list[jax.Array]], vector: jax.Array) -> jax.Array:
    """x with L L^T x = `vector`."""
    n = len(vector)
    y: list[jax.Array] = []
    for i in range(n):
        y.append((vector[i] - sum(lower[i][k] * y[k] for k in range(i))) / lower[i][i])
    x: list[jax.Array] = [vector[0]] * n
    for i in reversed(range(n)):
        x[i] = (y[i] - sum(lower[k][i] * x[k] for k in range(i + 1, n))) / lower[i][i]
    return jnp.stack(x)
