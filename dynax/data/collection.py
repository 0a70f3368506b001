"""Collection: drive a robot by an excitation from random initial states, and keep what happens as a dataset."""

import contextlib
import dataclasses
import functools
import hashlib
import importlib.metadata
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import filelock

from dynax.config.schema import CollectConfig
from dynax.data import dataset, simulate
from dynax.data.dataset import Dataset
from dynax.data.manifest import robot_of, sealed
from dynax.data.source import BLOCK, Source
from dynax.data.trajectories import Trajectories
from dynax.envs import Env
from dynax.errors import UserError
from dynax.excitations import Excitation

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # called with the transitions done, and their total


class Finding(Protocol):
    """What an inspection of the first trajectories found; it writes itself into the dataset's folder."""

    def keep(self, folder: Path) -> None: ...


Inspect = Callable[[Source, Trajectories, str], Finding]  # called with the first trajectories, and their backend


def collect(
    env: Env,
    excitation: Excitation,
    config: CollectConfig,
    root: str | Path,
    progress: Progress | None = None,
    inspect: Inspect | None = None,
) -> Dataset:
    """The dataset `<root>/<robot>-<hash>` of `config`, collected if it is not there yet.

    The hash is that of the manifest, which holds everything that made the data. Of several processes that want the same
    dataset one collects it, and the others wait. Raises `UserError` for a root that cannot be written, or a robot that
    the backend cannot simulate or that diverges.
    """
    source = Source(env, excitation, config.seed, config.rollout_length)
    backend = simulate.preferred_backend(config.backend)
    manifest, path = _place(source, config, root, backend)
    if not path.exists() and (able := simulate.resolve_backend(config.backend, env)) != backend:
        manifest, path = _place(source, config, root, able)
    if not path.exists():
        with _locked(path):
            if not path.exists():  # another process may have been first
                _discard_leftovers(path.parent)
                _collect(source, manifest, path, progress or (lambda done, total: None), inspect)
                return Dataset.open(path)
    log.info("using the dataset %s, collected before (backend %s)", path, manifest["backend"])
    return Dataset.open(path)


def _place(source: Source, config: CollectConfig, root: str | Path, backend: str) -> tuple[dict[str, Any], Path]:
    manifest = describe(source, config, backend)
    return manifest, Path(root).absolute() / f"{source.env.name}-{manifest['sha256'][:12]}"


def describe(source: Source, config: CollectConfig, backend: str) -> dict[str, Any]:
    """The manifest of the dataset: everything that makes it, known before it is made.

    `draws_sha256`, of the first initial states and actions, stands for the code that draws them.
    """
    env, excitation, dtype = source.env, source.excitation, simulate.DTYPE[backend]
    n, steps = config.num_rollouts, config.rollout_length
    draws = hashlib.sha256(b"".join(a.tobytes() for a in source.draw(0, min(n, BLOCK))))
    return sealed(
        robot_of(env)
        | {
            "excitation": {"name": excitation.name, **dataclasses.asdict(excitation)},
            "action_range": dict(env.action_range),
            "reset": env.reset_options,
            "seed": config.seed,
            "draws_sha256": draws.hexdigest(),
            "num_rollouts": n,
            "rollout_length": steps,
            "chunk": dataset.chunk_size(n, steps, env.state_dim, dtype.itemsize),
            "backend": backend,
            "dtype": dtype.name,
            "versions": _versions(backend),
        }
    )


def _collect(source: Source, manifest: dict[str, Any], path: Path, progress: Progress, inspect: Inspect | None) -> None:
    env, backend, n = source.env, manifest["backend"], manifest["num_rollouts"]
    chunk, done, redrawn = manifest["chunk"], 0, 0
    batch = min(n, chunk * max(1, simulate.batch_size(env, source.steps, backend) // chunk))
    began = time.perf_counter()
    with dataset.creating(path, manifest) as writer:
        for data, again in source.batches(n, batch, backend):
            writer.append(data)
            if not done and inspect:
                inspect(source, data, backend).keep(writer.path)
            redrawn += again
            done += data.num_transitions
            progress(done, n * source.steps)
    if redrawn:
        log.warning("%d trajectories of %s diverged in the simulator and were drawn again", redrawn, env.name)
    seconds = time.perf_counter() - began
    log.info("collected %s: %d transitions in %.2f s (%s)", path, n * source.steps, seconds, backend)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of the dataset `path`, saying so where another process has it first."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = _lock(path)
        try:
            hold = lock.acquire(timeout=0)
        except filelock.Timeout:
            log.info("waiting for another process, which is collecting %s", path)
            hold = lock.acquire()
    except OSError as error:
        raise UserError(f"no dataset can be written to {path.parent}: {error.strerror or error}") from None
    with hold:
        yield


def _lock(path: Path) -> filelock.FileLock:
    return filelock.FileLock(path.parent / f".{path.name}.lock")


def _discard_leftovers(root: Path) -> None:
    """Delete what killed collections of any dataset in `root` have left: parts whose lock nobody holds."""
    for partial in root.glob(f".*{dataset.PARTIAL}"):
        lock = _lock(root / partial.name.removeprefix(".").removesuffix(dataset.PARTIAL))
        with contextlib.suppress(filelock.Timeout), lock.acquire(timeout=0):
            shutil.rmtree(partial, ignore_errors=True)


def _versions(backend: str) -> dict[str, str]:
    """The versions of what makes the data; for MJX also of what it runs on."""
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
        return "not installed"  # a checkout on the path
