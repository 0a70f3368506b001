"""Pytrees of arrays on disk, by Orbax."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import orbax.checkpoint as ocp
from jax.sharding import SingleDeviceSharding
from jaxtyping import PyTree

from dynax.errors import UserError


def write_tree(path: Path, tree: PyTree) -> None:
    """Write a pytree of arrays to the new directory `path`."""
    with ocp.StandardCheckpointer() as orbax:
        orbax.save(path, _without_empty(tree))
        orbax.wait_until_finished()


def read_tree(path: Path, template: PyTree) -> PyTree:
    """Return the pytree in the directory `path` as JAX arrays on the first device.

    Args:
        path: directory that `write_tree` has written.
        template: pytree of arrays or `jax.ShapeDtypeStruct`, which gives structure, shapes and dtypes.

    Raises:
        UserError: if `path` cannot be read, or if its arrays have other shapes.
    """
    wanted = jax.tree.map(_on_first_device, _without_empty(template))
    try:
        with ocp.StandardCheckpointer() as orbax:
            _check_shapes(path, orbax.metadata(path).item_metadata, wanted)
            leaves = iter(jax.tree.leaves(orbax.restore(path, wanted)))
    except (ValueError, KeyError, FileNotFoundError) as error:
        raise UserError(f"the checkpoint {path} cannot be read: {str(error).splitlines()[0]}") from error
    return jax.tree.map(lambda leaf: next(leaves) if leaf.size else jnp.zeros(leaf.shape, leaf.dtype), template)


def _without_empty(tree: PyTree) -> PyTree:
    """Replace arrays of size zero by None, because Orbax cannot write them."""
    return jax.tree.map(lambda leaf: leaf if leaf.size else None, tree)


def _on_first_device(leaf: Any) -> jax.ShapeDtypeStruct:
    """Return the shape with a sharding; without one, Orbax requires the device that the array was saved from."""
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=SingleDeviceSharding(jax.devices()[0]))


def _check_shapes(path: Path, saved: PyTree, template: PyTree) -> None:
    have, want = (sorted(tuple(x.shape) for x in jax.tree.leaves(tree)) for tree in (saved, template))
    if have != want:
        differences = [f"{a} instead of {b}" for a, b in zip(have, want, strict=False) if a != b]
        reason = differences[0] if differences else f"{len(have)} arrays instead of {len(want)}"
        raise UserError(f"the checkpoint {path} does not have the arrays that its config describes: {reason}")
