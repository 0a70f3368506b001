"""Tab: the commands first, then what Hydra completes for the one that is there.

The shell calls `dynax -sc query=bash` with the line typed so far in COMP_LINE. Hydra knows no commands: they
are offered here, or the command is cut out of the line and Hydra asked.
"""

import contextlib
import io
import os
from collections.abc import Sequence
from pathlib import Path

from dynax.cli.table import COMMANDS

_FLAGS = ("--cfg", "--config-dir", "--help", "--info", "--multirun")
_PATHS = ("run=", "dataset=", "env.xml=", "training.resume=", "hydra.run.dir=", "hydra.sweep.dir=")


def complete(argv: Sequence[str]) -> int:
    """Answer `-sc install=<shell>`, `-sc uninstall=<shell>` or `-sc query=<shell>`; returns the exit code."""
    from dynax.cli.app import launch

    query = next((word for word in argv if word.startswith("query=")), None)
    if query is None:
        return launch("train", argv)  # the same for every command
    print(*_candidates(argv), sep="\n" if query == "query=fish" else " ")
    return 0


def _candidates(argv: Sequence[str]) -> list[str]:
    """What the last word of COMP_LINE, up to the cursor, may become."""
    line = os.environ.get("COMP_LINE", "")
    line = line[: int(os.environ.get("COMP_POINT", len(line)))]
    app, *words = line.split() or [""]
    last = "" if line.endswith(" ") or not words else words.pop()
    if not words:
        return [command for command in COMMANDS if command.startswith(last)]
    if words[0] not in COMMANDS:
        return []
    if last.startswith("-"):
        return [flag for flag in _FLAGS if flag.startswith(last)]
    if last.startswith(_PATHS):
        return _files(*last.split("=", 1))
    os.environ["COMP_LINE"] = " ".join([app, *words[1:], last])
    return [word for word in _from_hydra(words[0], argv) if last.startswith("hydra") or not word.startswith("hydra")]


def _files(key: str, start: str) -> list[str]:
    """The paths that begin so, a folder with a slash behind it."""
    folder, _, name = start.rpartition("/")
    paths = sorted(path for path in Path(folder or start[:1]).glob("*") if path.name.startswith(name))
    return [f"{key}={path}{'/' if path.is_dir() else ''}" for path in paths]


def _from_hydra(command: str, argv: Sequence[str]) -> list[str]:
    """What Hydra offers; nothing where the line so far is wrong, as nobody asked yet."""
    from dynax.cli.app import to_hydra

    printed = io.StringIO()
    wrong_so_far = contextlib.suppress(Exception, SystemExit)
    with wrong_so_far, contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        to_hydra(command, argv)
    return printed.getvalue().split()
