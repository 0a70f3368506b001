"""The checks of `dynax doctor`. Each returns lines of the report, or raises an error if something does not work."""

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dynax.cli.jobs import libraries
from dynax.config.cores import usable_cores
from dynax.runs import locks
from dynax.runs.provenance import commit, package_version

PACKAGES = (
    "dynax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "mujoco", "mujoco-mjx", "numpy", "hydra-core",
    "jax-cuda12-plugin", "jax-cuda13-plugin",
)  # fmt: skip
MIN_FREE = 1e9  # free space that a small dataset and a run need, bytes


@dataclass(frozen=True)
class Check:
    """A part of the report: its name, the function that yields its lines, and the remedy if the function fails."""

    name: str
    lines: Callable[[], Iterator[str]]
    remedy: str


def versions() -> Iterator[str]:
    """Yield the versions of Python and of the packages."""
    yield f"Python {platform.python_version()} on {platform.platform()}, commit {commit() or 'unknown'}"
    found = [f"{name} {version}" for name in PACKAGES if (version := package_version(name))]
    yield from (", ".join(found[i : i + 4]) for i in range(0, len(found), 4))


def machine() -> Iterator[str]:
    """Yield cores, memory and the environment variables that matter."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    yield f"{usable_cores()} of {os.cpu_count()} {platform.machine()} cores, {memory:.1f} GB of memory"
    names = ("JAX_", "XLA_", "CUDA_", "MUJOCO_", "PJRT_", "DYNAX_")
    yield from (f"{key}={value}" for key, value in sorted(os.environ.items()) if key.startswith(names))


def space() -> Iterator[str]:
    """Write a file into the working directory and the temporary directory, and yield the free space.

    Raises:
        OSError: if a file cannot be written, or if the free space does not suffice.
    """
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(1_000_000))
            file.flush()
            os.fsync(file.fileno())
        free = shutil.disk_usage(folder).free
        if free < MIN_FREE:
            raise OSError(f"{folder} has only {free / 1e9:.2f} GB of free space")
        yield f"{folder}: {free / 1e9:.0f} GB free"


def file_locks() -> Iterator[str]:
    """Lock a file in the working directory twice.

    Raises:
        OSError: if the second lock succeeds too.
    """
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".dynax-") as folder:
        if not locks.are_kept(Path(folder)):
            raise OSError(f"the file system of {Path.cwd()} does not keep file locks")
    yield "two processes cannot write to the same run"


def devices() -> Iterator[str]:
    """Multiply matrices on each device of JAX.

    Raises:
        UserError: if an environment variable demands devices that do not exist.
        ArithmeticError: if a product is wrong.
    """
    import jax
    import jax.numpy as jnp

    libraries.start_devices()
    for device in jax.devices():
        start = time.perf_counter()
        product = jax.device_put(jnp.full((256, 256), 0.5), device) @ jnp.eye(256)
        if float(product.sum()) != 256 * 256 / 2:
            raise ArithmeticError(f"{device} multiplies two matrices wrongly")
        yield f"{device.device_kind} ({device}), a product in {time.perf_counter() - start:.2f} s"


def compilation_cache() -> Iterator[str]:
    """Compile a new program and find it in the cache.

    Raises:
        OSError: if the cache does not contain the program.
    """
    import jax

    folder = Path(jax.config.jax_compilation_cache_dir or "")  # pyright: ignore[reportAttributeAccessIssue]
    before = set(folder.glob("*"))
    number = time.time_ns() % 2**20  # no other program has this constant
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.jit(lambda x: x * number)(1.0).block_until_ready()
    new = set(folder.glob("*")) - before
    for file in new:
        file.unlink(missing_ok=True)
    if not new:
        raise OSError(f"a compiled program is not stored in {folder}")
    size = sum(file.stat().st_size for file in before if file.is_file())
    yield f"{folder}: {len(before)} files, {size / 1e6:.0f} MB"


def loop() -> Iterator[str]:
    """Collect data of a pendulum, train a small network and predict with it.

    Raises:
        UserError: if a library rejects an environment variable.
        ArithmeticError: if the prediction is not finite.
    """
    libraries.import_module("dynax.utils")
    import jax
    import numpy as np

    import dynax
    from dynax.architectures import MLPDynamicsModel
    from dynax.envs import PendulumEnv
    from dynax.utils import collect_and_prepare_data

    start, key = time.perf_counter(), jax.random.PRNGKey(0)
    env = PendulumEnv()
    train, val = collect_and_prepare_data(env, 8, 40, key, backend="native", val_fraction=0.25)
    model, config = MLPDynamicsModel(env=env, hidden_dims=(16,)), dynax.TrainingConfig(num_epochs=2, batch_size=64)
    params = dynax.train_dynamics_model(model, train, val, config)
    predicted = np.asarray(model.rollout(val.states[:, 0], val.actions, params=params))
    if not np.isfinite(predicted).all():
        raise ArithmeticError("the prediction of a trained model is not finite")
    yield f"collected, trained and predicted in {time.perf_counter() - start:.1f} s"


def drawing() -> Iterator[str]:
    """Draw a frame of a pendulum.

    Raises:
        ArithmeticError: if the frame is empty.
    """
    import numpy as np

    from dynax import render
    from dynax.envs import PendulumEnv

    env, backend = PendulumEnv(), render.choose_backend("auto")
    states, error = env.sample_states(np.random.default_rng(0), 2), np.zeros(2)
    frames = render.frames(env.mj_model, states, states, error, env.dt, width=64, height=64, backend=backend)
    if next(iter(frames)).std() == 0:
        raise ArithmeticError(f"the backend {backend} draws an empty frame")
    yield f"a frame by the backend {backend}"


def video() -> Iterator[str]:
    """Find the program that writes MP4 files."""
    from imageio_ffmpeg import get_ffmpeg_exe, get_ffmpeg_version

    yield f"ffmpeg {get_ffmpeg_version()} ({get_ffmpeg_exe()})"


CHECKS = (
    Check("versions", versions, "install Dynax again: pip install -e ."),
    Check("machine", machine, "report this machine as not supported"),
    Check("space", space, "free some space, or work in a directory in which files can be written"),
    Check("locks", file_locks, "work on a local disk, or never start two commands in the same directory"),
    Check("devices", devices, "set JAX_PLATFORMS=cpu, or install the driver and JAX for this device"),
    Check("compilation cache", compilation_cache, "set JAX_COMPILATION_CACHE_DIR to a directory that can be written"),
    Check("loop", loop, "install the versions of constraints.txt: pip install -c constraints.txt -e ."),
    Check("drawing", drawing, "unset MUJOCO_GL, or use render.backend=software"),
    Check("video", video, "install imageio-ffmpeg again, or use render.formats=[gif]"),
)
