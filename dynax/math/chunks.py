"""A compiled program on more rows than memory has room for at once."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

CHUNK = 20_000  # rows


def map_in_chunks(program: Callable[[Any], Any], rows: np.ndarray) -> Any:
    """What `program`, compiled, makes of `rows` (M, ...) of NumPy, in their precision: a tree of arrays (M, ...)."""
    size = min(CHUNK, len(rows))
    filled = np.concatenate([rows, np.repeat(rows[-1:], -len(rows) % size, axis=0)])  # one shape, so one compilation
    with jax.enable_x64(rows.dtype == np.float64):
        parts = [jax.tree.map(np.asarray, program(filled[i : i + size])) for i in range(0, len(filled), size)]
    return jax.tree.map(lambda *part: np.concatenate(part)[: len(rows)], *parts)
