"""Collection: simulate the trajectories of a source and store them as a dataset."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from dynax.config.schema import CollectConfig
from dynax.data.backends import preferred_backend, resolve_backend
from dynax.data.closed_loop import BatchPolicy, ClosedLoopSource
from dynax.data.dataset import Dataset
from dynax.data.describe import describe
from dynax.data.locks import discard_leftovers, locked
from dynax.data.manifest import directory_name
from dynax.data.simulate import batch_size
from dynax.data.sizes import check_collection, check_description
from dynax.data.source import TrajectorySource
from dynax.data.trajectories import Trajectories
from dynax.data.writer import creating
from dynax.envs import Env
from dynax.errors import UserError, config_section
from dynax.excitations import Excitation

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # called with the number of collected transitions and their total number


class Inspection(Protocol):
    """The result of an inspection of the first trajectories."""

    def save(self, folder: Path) -> None:
        """Write the result into the folder of the dataset."""


# Called with a source, its first trajectories and their backend.
Inspect = Callable[[TrajectorySource, Trajectories, str], Inspection]


def collect(
    env: Env,
    excitation: Excitation,
    config: CollectConfig,
    root: str | Path,
    progress: Progress | None = None,
    inspect: Inspect | None = None,
    policy: BatchPolicy | None = None,
) -> Dataset:
    """Return the dataset `<root>/<robot>-<hash>`, and collect it first if it does not exist.

    The hash is the hash of the manifest, which lists everything that determines the data. If several processes need
    the same dataset, one of them collects it and the others wait.

    Args:
        env: the robot.
        excitation: the signal that drives the robot.
        config: number and length of the trajectories, seed and backend.
        root: the folder of all datasets.
        progress: called after every batch of trajectories.
        inspect: called with the first batch; its result is saved in the dataset.
        policy: the policy that `config.policy` names; its actions are mixed with the excitation.

    Raises:
        UserError: if `root` cannot be written, if the existing dataset is damaged or another one, if the backend does
            not support the robot, or if the simulation diverges.
        DiskFullError: if the disk has no room for the data.
    """
    with config_section("collect"):
        source = _source(env, excitation, config, policy)
    choice = "native" if policy else config.backend
    backend = preferred_backend(choice)
    check_description(env, config, Path(root), backend)
    manifest, path = _place(source, config, root, backend)
    if not path.exists():
        with config_section("collect"):
            resolved = resolve_backend(choice, env)
        if resolved != backend:
            manifest, path = _place(source, config, root, resolved)
    if not path.exists():
        check_collection(env, config, manifest["backend"])
        with locked(path):
            if not path.exists():  # another process may have collected it meanwhile
                discard_leftovers(path.parent)
                _collect(source, manifest, path, progress or (lambda done, total: None), inspect)
                return Dataset.open(path, manifest)
    log.info("using the existing dataset %s (backend %s)", path, manifest["backend"])
    dataset = Dataset.open(path, manifest)
    dataset.verify()
    return dataset


def _source(env: Env, excitation: Excitation, config: CollectConfig, policy: BatchPolicy | None) -> TrajectorySource:
    """Return the source of a dataset."""
    if (policy is None) != (config.policy is None):
        raise UserError(f"policy={config.policy} needs the argument policy of collect, which has it as an object")
    if policy and config.backend == "mjx":
        text = "backend=mjx cannot collect with a policy, whose actions depend on the states: use the backend native"
        raise UserError(text, "backend")
    if policy is None:
        return TrajectorySource(env, excitation, config.seed, config.rollout_length)
    return ClosedLoopSource(
        env, excitation, config.seed, config.rollout_length, policy=policy, noise=config.policy_noise
    )


def _place(
    source: TrajectorySource, config: CollectConfig, root: str | Path, backend: str
) -> tuple[dict[str, Any], Path]:
    """Return the manifest and the directory of a dataset."""
    manifest = describe(source, config, backend)
    return manifest, Path(root).absolute() / directory_name(manifest)


def _collect(
    source: TrajectorySource, manifest: dict[str, Any], path: Path, progress: Progress, inspect: Inspect | None
) -> None:
    env, backend, n = source.env, manifest["backend"], manifest["num_rollouts"]
    log.info("collecting %d trajectories of %s: drawing initial states and simulating (%s)", n, env.name, backend)
    chunk, done, redrawn = manifest["chunk"], 0, 0
    batch = min(n, chunk * max(1, batch_size(env, source.steps, backend) // chunk))  # whole chunks
    start = time.perf_counter()
    with creating(path, manifest) as writer:
        for data, repeated in source.batches(n, batch, backend):
            writer.append(data)
            if not done and inspect:
                inspect(source, data, backend).save(writer.path)
            redrawn += repeated
            done += data.num_transitions
            progress(done, n * source.steps)
    if redrawn:
        log.warning("%d trajectories of %s diverged in the simulator and were drawn again", redrawn, env.name)
    seconds = time.perf_counter() - start
    log.info("collected %s: %d transitions in %.2f s (%s)", path, n * source.steps, seconds, backend)
