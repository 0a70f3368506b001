"""Matrix products of a graph."""

from typing import Any

import numpy as np

from dynax.export.graphs.graph import Addresses


def product(tracer: Any, eqn: Any, left: Addresses, right: Addresses) -> Addresses:
    """Return the addresses of a `dot_general`, as one matrix product for each entry of the batch axes."""
    (left_inner, right_inner), (left_batch, right_batch) = eqn.params["dimension_numbers"]
    left_free = [axis for axis in range(left.ndim) if axis not in (*left_inner, *left_batch)]
    right_free = [axis for axis in range(right.ndim) if axis not in (*right_inner, *right_batch)]
    batch = [left.shape[axis] for axis in left_batch]
    rows, columns = [left.shape[axis] for axis in left_free], [right.shape[axis] for axis in right_free]
    inner = int(np.prod([left.shape[axis] for axis in left_inner]))
    sizes = int(np.prod(rows)), inner, int(np.prod(columns))
    lefts = left.transpose([*left_batch, *left_free, *left_inner]).reshape(-1, sizes[0], inner)
    rights = right.transpose([*right_batch, *right_inner, *right_free]).reshape(-1, inner, sizes[2])
    dtype = eqn.outvars[0].aval.dtype
    blocks = [
        tracer.emit("dot", [tracer.block(one, dtype), tracer.block(other, dtype)], sizes[::2], dtype, sizes)
        for one, other in zip(lefts, rights, strict=True)
    ]
    return np.stack(blocks).reshape(*batch, *rows, *columns)
