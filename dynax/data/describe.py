"""The manifest of a dataset before it is collected: everything that will determine the data."""

import dataclasses
import functools
import hashlib
import importlib.metadata
from typing import Any

from dynax.config.schema import CollectConfig
from dynax.data.arrays import chunk_size
from dynax.data.manifest import robot_of, with_description_hash
from dynax.data.simulate import DTYPE
from dynax.data.source import BLOCK, TrajectorySource


def describe(source: TrajectorySource, config: CollectConfig, backend: str) -> dict[str, Any]:
    """Return the manifest of the dataset that `source` and `config` define on `backend`.

    The key `draws_sha256` is the hash of the first initial states and actions. It represents the code that draws them.
    """
    env, excitation, dtype = source.env, source.excitation, DTYPE[backend]
    n, steps = config.num_rollouts, config.rollout_length
    draws = hashlib.sha256(b"".join(array.tobytes() for array in source.draw(0, min(n, BLOCK))))
    return with_description_hash(
        robot_of(env)
        | {
            "excitation": {"name": excitation.name, **dataclasses.asdict(excitation)},
            "action_range": dict(env.action_range),
            "reset": env.reset_options,
            "seed": config.seed,
            **source.description,
            "draws_sha256": draws.hexdigest(),
            "num_rollouts": n,
            "rollout_length": steps,
            "chunk": chunk_size(n, steps, env.state_dim, dtype.itemsize),
            "backend": backend,
            "dtype": dtype.name,
            "versions": _versions(backend),
        }
    )


def _versions(backend: str) -> dict[str, str]:
    """Return the versions of the packages that make the data, and for MJX the platform that it runs on."""
    packages = ["dynax", "mujoco", "numpy"] + ["mujoco-mjx", "jax"] * (backend == "mjx")
    versions = {package: _version(package) for package in packages}
    if backend == "mjx":
        import jax

        versions["platform"] = jax.default_backend()
    return versions


@functools.cache
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"  # for example a checkout on PYTHONPATH
