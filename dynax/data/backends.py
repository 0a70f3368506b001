"""The choice of the simulator: `native` (C MuJoCo) or `mjx`."""

import importlib.metadata
import importlib.util
import logging
import sys

from dynax.data import mjx
from dynax.data.agreement import compare
from dynax.envs import Env
from dynax.errors import UserError

log = logging.getLogger(__name__)


def preferred_backend(choice: str) -> str:
    """Return `native` or `mjx` for a choice of `auto`, `native` or `mjx`.

    `auto` is `mjx` if JAX has a GPU. JAX is imported only for `auto`, and only if an accelerator plugin is installed.
    """
    if choice == "auto":
        return "mjx" if _has_gpu() else "native"
    return choice


def resolve_backend(choice: str, env: Env) -> str:
    """Return the preferred backend, or `native` if the choice is `auto` and MJX cannot simulate `env`.

    MJX must support the robot, and agree with C MuJoCo on a few steps without contacts and equality constraints. Known
    differences in steps with contacts are logged.

    Raises:
        UserError: if the choice is `mjx` and MJX cannot simulate the robot.
    """
    if preferred_backend(choice) == "native":
        return "native"
    reason = mjx.unsupported_reason(env)
    if not reason:
        log.info("comparing MJX with C MuJoCo on a few steps: compiling")
        agreement = compare(env)
        if agreement.in_contact:
            log.warning("with contacts or equality constraints, MJX is less accurate: %s", agreement.in_contact)
        reason = agreement.fault
    if not reason:
        return "mjx"
    if choice == "auto":
        log.warning("MJX cannot simulate %s (%s). C MuJoCo collects the data instead", env.name, reason)
        return "native"
    raise UserError(f"backend=mjx cannot simulate {env.name}: {reason}. Use the backend native", "backend")


def _has_gpu() -> bool:
    """Return whether JAX runs on a GPU, without importing JAX if no accelerator plugin is installed."""
    plugins = importlib.metadata.entry_points(group="jax_plugins") or importlib.util.find_spec("jax_plugins")
    if "jax" not in sys.modules and not plugins:
        return False
    import jax

    return jax.default_backend() == "gpu"
