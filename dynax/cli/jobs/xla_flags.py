"""A check of the environment variable XLA_FLAGS. XLA ends the process if the variable contains an unknown flag."""

import os
import tempfile

from dynax.errors import UserError

VARIABLE = "XLA_FLAGS"


def check_xla_flags() -> None:
    """Start the devices of JAX in a child process, if the variable is set and the system has forks.

    Raises:
        UserError: if XLA ends the child process.
    """
    if VARIABLE not in os.environ or not hasattr(os, "fork"):
        return
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if not child:
            _start_devices(output.fileno())
        _, status = os.waitpid(child, 0)
        if status:
            output.seek(0)
            lines = output.read().decode(errors="replace").partition("] ")[2].splitlines()
            reason = lines[0].strip() if lines else "XLA ends the process"
            raise UserError(
                f"the environment variable {VARIABLE}={os.environ[VARIABLE]} cannot be used: {reason}; correct it, or "
                "unset it"
            )


def _start_devices(output: int) -> None:
    """Start the devices in the child, and end it. Errors of Python are left to the parent, which starts them again."""
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        import jax

        jax.devices()
    finally:
        os._exit(0)
