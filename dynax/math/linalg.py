"""Linear algebra for small matrices inside a large batch.

A batched call of LAPACK handles one matrix at a time. For the few degrees of freedom of a robot this costs more than
the rest of the model. Its threads also wait for each other forever if all threads of JAX decompose batches at the same
time (jaxlib 0.10). Small matrices are therefore decomposed by unrolled code and larger ones by loops, which XLA
vectorizes over the batch.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dynax.math.arrays import AnyArray

MAX_UNROLLED_SIZE = 6  # rows of a matrix that is decomposed by unrolled code


def solve(matrix: Float[AnyArray, "n n"], vector: Float[AnyArray, " n"]) -> Float[Array, " n"]:
    """Solve `matrix` x = `vector` for a symmetric positive definite matrix.

    The derivative of the solution is another solve with the same factor. Differentiating the decomposition itself
    would cost far more.
    """
    fixed = jax.lax.stop_gradient(matrix)
    if len(vector) > MAX_UNROLLED_SIZE:
        factor = _cholesky_by_columns(fixed)
        apply_inverse = lambda b: _substitute_by_rows(factor, b)  # noqa: E731
    else:
        lower = _cholesky(fixed, len(vector))
        apply_inverse = lambda b: _substitute(lower, b)  # noqa: E731
    return jax.lax.custom_linear_solve(lambda x: matrix @ x, vector, lambda _, b: apply_inverse(b), symmetric=True)


def lower_triangular(entries: Float[AnyArray, " m"], n: int) -> Float[Array, "n n"]:
    """Return the lower triangular matrix with the given entries, row by row."""
    rows, columns = jnp.tril_indices(n)
    return jnp.zeros((n, n), entries.dtype).at[rows, columns].set(entries)


def _cholesky(matrix: jax.Array, n: int) -> list[list[jax.Array]]:
    """Return the rows of the lower triangular L with L L^T = `matrix`."""
    lower: list[list[jax.Array]] = []
    for i in range(n):
        row: list[jax.Array] = []
        for j in range(i):
            row.append((matrix[i, j] - sum(row[k] * lower[j][k] for k in range(j))) / lower[j][j])
        row.append(jnp.sqrt(matrix[i, i] - sum(r * r for r in row)))
        lower.append(row)
    return lower


def _cholesky_by_columns(matrix: jax.Array) -> jax.Array:
    """Return the lower triangular L (n, n) with L L^T = `matrix`."""
    n = len(matrix)

    def column(j: jax.Array, lower: jax.Array) -> jax.Array:
        rest = jnp.where(jnp.arange(n) >= j, matrix[:, j] - lower @ lower[j], 0.0)
        return lower.at[:, j].set(rest / jnp.sqrt(rest[j]))

    return jax.lax.fori_loop(0, n, column, jnp.zeros_like(matrix))


def _substitute_by_rows(lower: jax.Array, vector: jax.Array) -> jax.Array:
    """Solve L L^T x = `vector` by forward and backward substitution."""
    n = len(vector)

    def forward(i: jax.Array, y: jax.Array) -> jax.Array:
        return y.at[i].set((vector[i] - lower[i] @ y) / lower[i, i])

    y = jax.lax.fori_loop(0, n, forward, jnp.zeros_like(vector))

    def backward(k: jax.Array, x: jax.Array) -> jax.Array:
        i = n - 1 - k
        return x.at[i].set((y[i] - lower[:, i] @ x) / lower[i, i])

    return jax.lax.fori_loop(0, n, backward, jnp.zeros_like(vector))


def _substitute(lower: list[list[jax.Array]], vector: jax.Array) -> jax.Array:
    """Solve L L^T x = `vector` by forward and backward substitution."""
    n = len(vector)
    y: list[jax.Array] = []
    for i in range(n):
        y.append((vector[i] - sum(lower[i][k] * y[k] for k in range(i))) / lower[i][i])
    x: list[jax.Array] = [vector[0]] * n
    for i in reversed(range(n)):
        x[i] = (y[i] - sum(lower[k][i] * x[k] for k in range(i + 1, n))) / lower[i][i]
    return jnp.stack(x)
