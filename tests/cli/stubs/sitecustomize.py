"""Commands that need no JAX, for tests of the command line.

Its folder is put on PYTHONPATH, so that every process of a run imports it at start, workers of a sweep too. The stub of
a command does what its seed says.
"""

import logging
import os
import signal
import sys
import time
import types
import warnings
from pathlib import Path

DONE, NOISY, WRONG, BROKEN, UNWRITABLE, INTERRUPTED, TERMINATED, KILLED, SENTENCE, SLOW, QUIT = range(11)


def run(cfg):
    """Act as the seed of the config says, and return the run directory."""
    from hydra.core.hydra_config import HydraConfig

    from dynax.errors import RunError, UserError

    path = Path(HydraConfig.get().runtime.output_dir)
    seed = next(cfg[group].seed for group in ("training", "collect", "eval", "render") if group in cfg)
    match seed:
        case 1:
            print("python noise")
            os.write(1, b"noise from C\n")
            warnings.warn("a warning", stacklevel=1)
            logging.getLogger("dynax.stub").info("a log line")
            logging.getLogger("library").info("a library's log line")
        case 2:
            raise UserError("collect.seed=2: wrong in the eyes of the stub")
        case 3:
            raise ZeroDivisionError("one\ntwo\nthree\nfour")
        case 4:
            Path("/proc/nowhere/x").write_text("")
        case 5:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)
        case 6:
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(10)
            finally:
                (path / "saved").touch()
        case 7:
            os.kill(os.getpid(), signal.SIGKILL)
        case 8:
            raise RunError("the loss is NaN")
        case 9:
            (path / "started").touch()
            try:
                time.sleep(30)
            finally:
                (path / "saved").touch()
        case 10:
            sys.exit(7)
    (path / "summary.json").write_text("{}")
    return path


for command in ("collect", "train", "eval", "render"):
    module = types.ModuleType(f"dynax.commands.{command}")
    module.run = run  # pyright: ignore
    sys.modules[module.__name__] = module
