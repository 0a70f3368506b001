"""A program on rows a chunk at a time gives what it gives on all of them."""

import jax
import numpy as np
import pytest

from dynax.math import chunks
from dynax.math.chunks import map_in_chunks


@pytest.mark.parametrize("count", [1, 4, 5, 11])
def test_it_is_the_program_on_all_rows_in_one_shape(count, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 4)
    shapes = set()

    def program(rows):
        shapes.add(rows.shape)
        return {"twice": 2 * rows, "first": rows[:, 0] > 5}

    rows = np.arange(3.0 * count).reshape(count, 3)
    found = map_in_chunks(program, rows)
    np.testing.assert_array_equal(found["twice"], 2 * rows)
    np.testing.assert_array_equal(found["first"], rows[:, 0] > 5)
    assert shapes == {(min(4, count), 3)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_precision_is_that_of_the_rows(dtype):
    assert map_in_chunks(jax.jit(lambda x: x / 3), np.ones((2, 1), dtype)).dtype == dtype
