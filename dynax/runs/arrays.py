"""Pytrees of arrays on disk, by Orbax."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import SingleDeviceSharding
from jaxtyping import PyTree

from dynax.errors import RunError, UserError
from dynax.runs.paths import plain_path


def prepare() -> None:
    """Import Orbax, which takes seconds, so that a checkpoint after a signal is written without this delay."""
    import orbax.checkpoint  # noqa: F401


def write_tree(path: Path, tree: PyTree) -> None:
    """Write a pytree of arrays to the new directory `path`, read it back, and compare every bit.

    Raises:
        RunError: if the arrays on the disk differ from `tree`.
    """
    with _checkpointer() as orbax:
        orbax.save(plain_path(path), _without_empty(tree))
        orbax.wait_until_finished()
    _check_written(path, tree)


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
        with _checkpointer() as orbax:
            _check_shapes(path, orbax.metadata(plain_path(path)).item_metadata, wanted)
            restored = jax.tree.leaves(orbax.restore(plain_path(path), wanted))
    except UserError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"the checkpoint {path} cannot be read: {reason}") from error
    leaves = iter(restored)
    return jax.tree.map(lambda leaf: unbound(next(leaves) if leaf.size else np.zeros(leaf.shape, leaf.dtype)), template)


def unbound(array: Any) -> jax.Array:
    """Return an array that is not bound to a device, as arrays of Orbax and of several devices are.

    JAX would compile a program for bound arrays, and once more for its results.
    """
    with jax.enable_x64(array.dtype == np.float64):
        return jnp.asarray(np.asarray(array))


@contextmanager
def _checkpointer() -> Iterator[Any]:
    """Yield a checkpointer of Orbax, which is imported only here, so that `dynax.trained` is imported in less time.

    The log of Orbax is suppressed. It prints the traceback of each thread for an error that Orbax raises as well.
    """
    import orbax.checkpoint as ocp

    logger = logging.getLogger("absl")
    before, logger.disabled = logger.disabled, True
    try:
        with ocp.StandardCheckpointer() as orbax:
            yield orbax
    finally:
        logger.disabled = before


def size_in_bytes(tree: PyTree) -> int:
    """Return the size of all arrays of a pytree."""
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def _check_written(path: Path, tree: PyTree) -> None:
    """Raise `RunError` unless the arrays in `path` have the bits of `tree`."""
    try:
        written = read_tree(path, tree)
    except UserError as error:
        raise RunError(f"the arrays that were written to {path} cannot be read back: {error}") from error
    pairs = zip(jax.tree.leaves(written), jax.tree.leaves(tree), strict=True)
    if not all(_bits(a) == _bits(b) for a, b in pairs):
        raise RunError(f"the arrays in {path} differ from the arrays that were written: the disk is not reliable")


def _bits(leaf: Any) -> bytes:
    return np.asarray(leaf).tobytes()


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
