"""The start of JAX, MuJoCo and matplotlib, which may reject the value of an environment variable."""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

from dynax.cli.jobs.xla_flags import check_xla_flags
from dynax.config.cores import usable_cores
from dynax.errors import UserError

PREFIXES = ("JAX_", "MUJOCO_", "MPL", "PYOPENGL_")  # of variables that the libraries read when they are imported
DEVICES = ("JAX_PLATFORMS", "JAX_NUM_CPU_DEVICES")  # variables that JAX reads when it starts its devices


def set_defaults() -> None:
    """Set environment variables that the libraries read when they are imported, unless the user has set them.

    JAX reuses the programs that earlier runs have compiled. OpenBLAS uses one thread, because its threads keep cores
    busy while they wait, and the matrices of a training are small.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dynax" / "jax"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def import_module(name: str) -> ModuleType:
    """Import a module that may use the libraries. If it imports JAX, start the devices of JAX.

    Args:
        name: full name of the module.

    Raises:
        UserError: if a library rejects an environment variable.
    """
    if "jax" not in sys.modules:
        check_xla_flags()
    with _rejected([key for key in os.environ if key.startswith(PREFIXES)]):
        module = importlib.import_module(name)
    if "jax" in sys.modules:
        start_devices()
    return module


def start_devices() -> None:
    """Start the devices of JAX.

    Raises:
        UserError: if the devices that an environment variable demands do not exist.
    """
    import jax

    if "JAX_NUM_CPU_DEVICES" not in os.environ:
        with suppress(RuntimeError):  # an earlier job, or a plugin, has started the devices
            jax.config.update("jax_num_cpu_devices", usable_cores())  # one for each shard of a training
    with _rejected([key for key in DEVICES if key in os.environ], only_mentioned=False):
        jax.devices()


@contextmanager
def _rejected(keys: list[str], *, only_mentioned: bool = True) -> Iterator[None]:
    """Turn an error about one of the environment variables `keys` into a `UserError`.

    An error that mentions none of them is left as it is, unless `only_mentioned` is off.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        text = str(error).lower()
        mentioned = [key for key in keys if key.lower() in text or f"'{os.environ[key]}'".lower() in text]
        found = mentioned or ([] if only_mentioned else keys)
        if not found:
            raise
        values = " and ".join(f"{key}={os.environ[key]}" for key in sorted(found))
        reason = (str(error).splitlines() or ["it is not available"])[0][:200]
        message = f"the environment variable {values} cannot be used: {reason}; correct it, or unset it"
        raise UserError(message) from error
