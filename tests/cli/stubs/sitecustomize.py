"""Commands that need no JAX, for tests of the command line.

This folder is put on PYTHONPATH, so that every process of a run imports it at start, workers of a sweep too. What the
stub of a command does is the name of its act in DYNAX_ACTS, a JSON object by seed; a seed without an act just succeeds.
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
    raise UserError("wrong in the eyes of the stub")


def crash(run: Path) -> None:
    raise ZeroDivisionError("one\ntwo\n\nthree\nfour")


def sentence(run: Path) -> None:
    raise RunError("the loss is NaN")


def leave(run: Path) -> None:
    sys.exit(7)


def unreadable(run: Path) -> None:
    Path("/etc/passwd/nowhere").read_text()


def wait(run: Path) -> None:
    """Until a signal comes; then take some time to save, as training does."""
    try:
        (run / "started").touch()
        time.sleep(60)
    finally:
        time.sleep(0.5 + os.getpid() % 2)  # not all at once
        (run / "saved").touch()


def die(run: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def command(cfg) -> Path:
    from hydra.core.hydra_config import HydraConfig

    run = Path(HydraConfig.get().runtime.output_dir)
    heavy = {"jax", "mujoco", "flax", "tensorstore"} & set(sys.modules)
    assert not heavy, f"imported before the command: {heavy}"
    seed = next(cfg[group].seed for group in ("training", "collect", "eval", "render") if group in cfg)
    acts = json.loads(os.environ.get("DYNAX_ACTS", "{}"))
    if str(seed) in acts:
        globals()[acts[str(seed)]](run)
    (run / "summary.json").write_text("{}")
    return run


for name in ("collect", "train", "eval", "render"):
    module = types.ModuleType(f"dynax.cli.commands.{name}")
    module.run = command
    sys.modules[module.__name__] = module
