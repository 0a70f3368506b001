"""Evaluation of a compiled program on more rows than fit into memory at once."""

from collections.abc import Callable
from functools import partial

import jax
import numpy as np
from jaxtyping import PyTree, Shaped

MAX_ROWS = 20_000  # rows per call of the program


def map_in_chunks(
    program: Callable[[np.ndarray], PyTree],
    rows: Shaped[np.ndarray, "M ..."],
    max_rows: int | None = None,
) -> PyTree:
    """Apply a compiled program to rows, one chunk at a time.

    The last chunk is padded, so that all chunks have the same shape and the program compiles only once.

    Args:
        program: a function of an array (k, ...) that returns a pytree of arrays (k, ...).
        rows: the input. The program runs in float64 if the input is float64.
        max_rows: rows per call of the program, by default `MAX_ROWS`.

    Returns:
        The pytree of NumPy arrays (M, ...) that the program returns for all rows.
    """
    size = min(max_rows or MAX_ROWS, len(rows))
    result = None
    with jax.enable_x64(rows.dtype == np.float64):
        for start in range(0, len(rows), size):
            chunk = rows[start : start + size]
            padded = np.concatenate([chunk, np.repeat(chunk[-1:], size - len(chunk), axis=0)])
            part = jax.tree.map(np.asarray, program(padded))
            if result is None:
                result = jax.tree.map(lambda x: np.empty((len(rows), *x.shape[1:]), x.dtype), part)
            jax.tree.map(partial(_store, start, start + len(chunk)), result, part)
    return result


def _store(start: int, stop: int, whole: np.ndarray, part: np.ndarray) -> None:
    whole[start:stop] = part[: stop - start]
