"""Operations that only move entries, on arrays of addresses."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dynax.export.graphs.graph import Addresses

Move = Callable[..., Any]  # (primitive, parameters, *addresses) -> addresses


def _broadcast(_: Any, params: Any, x: Addresses, *__: Any) -> Addresses:
    shape = [1] * len(params["shape"])
    for axis, size in zip(params["broadcast_dimensions"], x.shape, strict=True):
        shape[axis] = size
    return np.broadcast_to(x.reshape(shape), params["shape"])


def _slice(_: Any, params: Any, x: Addresses) -> Addresses:
    limits = zip(params["start_indices"], params["limit_indices"], params["strides"] or [1] * x.ndim, strict=True)
    return x[tuple(slice(*each) for each in limits)]


def _split(_: Any, params: Any, x: Addresses) -> Sequence[Addresses]:
    return np.split(x, np.cumsum(params["sizes"])[:-1], axis=params["axis"])


def _select(_: Any, __: Any, which: Any, *cases: Addresses) -> Addresses:
    return np.asarray(np.choose(np.broadcast_to(np.asarray(which, int), cases[0].shape), cases))


def _evaluate(primitive: Any, params: Any, x: Addresses, *others: Any) -> Addresses:
    """Apply a primitive of JAX to addresses. The other arguments are indices, or further addresses."""
    return np.asarray(primitive.bind(x, *others, **params))


MOVES: dict[str, Move] = {
    "broadcast_in_dim": _broadcast,
    "concatenate": lambda _, params, *xs: np.concatenate(xs, axis=params["dimension"]),
    "copy": lambda _, __, x: x,
    "copy_p": lambda _, __, x: x,
    "dynamic_slice": _evaluate,
    "dynamic_update_slice": _evaluate,
    "expand_dims": lambda _, params, x: np.expand_dims(x, params["dimensions"]),
    "gather": _evaluate,
    "pad": _evaluate,
    "reshape": lambda _, params, x: x.reshape(params["new_sizes"]),
    "rev": lambda _, params, x: np.flip(x, params["dimensions"]),
    "scatter": _evaluate,
    "select_n": _select,
    "slice": _slice,
    "split": _split,
    "squeeze": lambda _, params, x: np.squeeze(x, params["dimensions"]),
    "stack": lambda _, params, *xs: np.stack(xs, axis=params["axis"]),
    "stop_gradient": lambda _, __, x: x,
    "transpose": lambda _, params, x: x.transpose(params["permutation"]),
    "unstack": lambda _, params, x: [np.take(x, i, params["axis"]) for i in range(x.shape[params["axis"]])],
}
# positions of the operands that are indices or conditions, and must be constants
INDICES: dict[str, slice] = {
    "dynamic_slice": slice(1, None),
    "dynamic_update_slice": slice(2, None),
    "gather": slice(1, 2),
    "scatter": slice(1, 2),
    "select_n": slice(0, 1),
}
