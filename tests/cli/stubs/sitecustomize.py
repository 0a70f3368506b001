"""Stubs of the commands without JAX, for tests of the command line.

This folder is on PYTHONPATH, so that every process imports the file at its start, including the workers of a sweep. The
JSON object DYNAX_ACTS maps seeds to names of functions below. The stub calls the function of its seed. A stub with
another seed succeeds.
"""

import json
import logging
import os
import signal
import sys
import time
import types
import warnings
from pathlib import Path

from dynax.errors import RunError, UserError


def noise(run: Path) -> None:
    print("noise from Python")
    os.write(1, b"noise from C\n")
    warnings.warn("a warning", stacklevel=1)
    logging.getLogger("dynax.stub").info("a log line")
    logging.getLogger("library").info("a log line of a library")


def wrong(run: Path) -> None:
    raise UserError("the stub rejects this input")


def crash(run: Path) -> None:
    raise ZeroDivisionError("one\ntwo\n\nthree\nfour")


def run_error(run: Path) -> None:
    raise RunError("the loss is NaN")


def exit_7(run: Path) -> None:
    sys.exit(7)


def read_missing_file(run: Path) -> None:
    Path("/etc/passwd/nowhere").read_text()


def wait(run: Path) -> None:
    """Wait for a signal. Then take some time to save, as a training does."""
    try:
        (run / "started").touch()
        time.sleep(1200)
    finally:
        time.sleep(0.5 + os.getpid() % 2)  # workers take different times
        (run / "saved").touch()


def die(run: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def command(cfg) -> Path:
    from hydra.core.hydra_config import HydraConfig

    run = Path(HydraConfig.get().runtime.output_dir)
    heavy = {"jax", "mujoco", "flax", "tensorstore"} & set(sys.modules)
    assert not heavy, f"imported before the command: {heavy}"
    seed = next(
        (cfg[group].seed for group in ("learn", "training", "collect", "eval", "render", "plan") if group in cfg), 0
    )
    acts = json.loads(os.environ.get("DYNAX_ACTS", "{}"))
    if str(seed) in acts:
        globals()[acts[str(seed)]](run)
    (run / "summary.json").write_text("{}")
    return run


for name in ("collect", "train", "eval", "render", "plan", "learn", "export", "import_log", "inspect", "compare"):
    module = types.ModuleType(f"dynax.cli.commands.{name}")
    module.run = command
    sys.modules[module.__name__] = module
