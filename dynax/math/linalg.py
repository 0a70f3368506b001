"""Linear algebra for small matrices inside a large batch.

A batched call of LAPACK handles one matrix at a time. For the few degrees of freedom of a robot this costs more than
the rest of the model. Small matrices are therefore decomposed by unrolled code, which XLA vectorizes over the batch.
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
        factor = jnp.linalg.cholesky(fixed), True
        apply_inverse = lambda b: jax.scipy.linalg.cho_solve(factor, b)  # noqa: E731
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
