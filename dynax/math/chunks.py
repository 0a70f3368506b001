"""Evaluation of a compiled program on more rows than fit into memory at once."""

from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import PyTree, Shaped

MAX_ROWS = 20_000  # rows per call of the program


def map_in_chunks(program: Callable[[np.ndarray], PyTree], rows: Shaped[np.ndarray, "M ..."]) -> PyTree:
    """Apply a compiled program to rows, one chunk at a time.

    The last chunk is padded, so that all chunks have the same shape and the program compiles only once.

    Args:
        program: a function of an array (k, ...) that returns a pytree of arrays (k, ...).
        rows: the input. The program runs in float64 if the input is float64.

    Returns:
        The pytree of NumPy arrays (M, ...) that the program returns for all rows.
    """
    size = min(MAX_ROWS, len(rows))
    padded = np.concatenate([rows, np.repeat(rows[-1:], -len(rows) % size, axis=0)])
    with jax.enable_x64(rows.dtype == np.float64):
        parts = [jax.tree.map(np.asarray, program(padded[i : i + size])) for i in range(0, len(padded), size)]
    return jax.tree.map(lambda *part: np.concatenate(part)[: len(rows)], *parts)
