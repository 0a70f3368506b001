"""Pytrees of arrays on disk."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynax.runs.arrays import read_tree, write_tree


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint32", "bool"])
def test_arrays_are_read_with_the_same_bits_and_bound_to_no_device(tmp_path, dtype):
    """JAX compiles a program once more for arrays that are bound to a device."""
    tree = {"a": np.arange(6).reshape(2, 3).astype(dtype), "empty": np.zeros((0, 2), dtype)}
    with jax.enable_x64(dtype == "float64"):
        write_tree(tmp_path / "tree", tree)
        read = read_tree(tmp_path / "tree", tree)
    assert read["a"].dtype == dtype
    np.testing.assert_array_equal(read["a"], tree["a"])
    assert read["empty"].shape == (0, 2)
    assert not any(array.committed for array in read.values())
    assert jnp.asarray(1.0).committed is False  # the meaning of the attribute
