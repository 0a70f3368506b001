"""Tab completion: the commands first, then the words of the command in the line.

The shell calls `dynax -sc query=bash` with the current line in COMP_LINE. Hydra completes groups and keys, but no
commands, no file paths and no second value of a sweep. This module adds them.
"""

import contextlib
import io
import os
from collections.abc import Sequence
from pathlib import Path

from dynax.cli.command_table import COMMANDS, CONFIGURED
from dynax.cli.composition import conf, plugins

_FLAGS = ("--cfg", "--config-dir", "--help", "--info", "--multirun")
_PATH_KEYS = (
    "run",
    "dataset",
    "source",
    "mapping",
    "draft",
    "sweep",
    "env.xml",
    "training.resume",
    "training.init",
    "model.base",
    "collect.policy",
    "hydra.run.dir",
    "hydra.sweep.dir",
)


def complete(argv: Sequence[str]) -> int:
    """Execute `-sc install=<shell>`, `-sc uninstall=<shell>` or `-sc query=<shell>` and return the exit code."""
    from dynax.cli.app.launch import launch

    query = next((word for word in argv if word.startswith("query=")), None)
    if query is None:
        return launch("train", argv)  # the output is the same for every command
    line = os.environ.get("COMP_LINE", "")
    line = line[: int(os.environ.get("COMP_POINT", len(line)))]
    print(*_candidates(line, argv), sep="\n" if query == "query=fish" else " ")
    return 0


def _candidates(line: str, argv: Sequence[str]) -> list[str]:
    """Return the completions of the last word of a line."""
    words = line.split()[1:]
    last = "" if line.endswith(" ") or not words else words.pop()
    if not words:
        return [command for command in COMMANDS if command.startswith(last)]
    if words[0] not in CONFIGURED:
        return []
    if words[-1] == "--config-dir":
        return _paths("", last)
    if last.startswith("-"):
        return [flag for flag in _FLAGS if flag.startswith(last)]
    key, equals, value = last.partition("=")
    if equals and key == "plugins":
        start = value.rfind(",") + 1 or int(value.startswith("["))  # the beginning of the path that is typed
        return _paths(f"{key}={value[:start] or '['}", value[start:])
    if equals and key in _PATH_KEYS:
        return _paths(f"{key}=", value)
    return _groups_and_keys(words, last, argv)


def _paths(prefix: str, start: str) -> list[str]:
    """Return `prefix` with each path that begins with `start`. Folders end with a slash."""
    folder, slash, name = start.rpartition("/")
    paths = sorted(path for path in Path(folder + slash).glob("*") if path.name.startswith(name))
    return [f"{prefix}{folder}{slash}{path.name}{'/' if path.is_dir() else ''}" for path in paths]


def _groups_and_keys(words: Sequence[str], last: str, argv: Sequence[str]) -> list[str]:
    """Return Hydra's completions without the groups of other commands and, unless typed, of Hydra itself."""
    first_values, comma, value = last.rpartition(",")  # for `model=mlp,res`, Hydra completes `model=res`
    query = f"{last.partition('=')[0]}={value}" if comma else last
    keys = conf.keys(words[0])
    excluded = conf.groups() - set(keys) - ({"hydra"} if last.startswith("hydra") else set())
    offers = [word for word in _query_hydra(words, query, argv) if _top_level(word) not in excluded]
    offers = [f"{word}=" if word in keys else word for word in offers]  # Hydra omits `=` of nested groups
    offers = sorted("plugins=[" if offer == "plugins." else offer for offer in offers)
    return [f"{first_values},{offer.partition('=')[2]}" for offer in offers] if comma else offers


def _top_level(word: str) -> str:
    return word.lstrip("+~").partition("=")[0].partition(".")[0]


def _query_hydra(words: Sequence[str], last: str, argv: Sequence[str]) -> list[str]:
    """Return Hydra's completions. If an earlier word is wrong, there are none: the user will see the error later."""
    from dynax.cli.app.launch import to_hydra

    at = words.index("--config-dir") if "--config-dir" in words else len(words)
    os.environ["COMP_LINE"] = " ".join(["dynax", *words[1:], last])
    output = io.StringIO()
    no_error = contextlib.suppress(Exception, SystemExit)
    with no_error, contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        plugins.add_options(words[1:])
        to_hydra(words[0], [*argv, *words[at : at + 2]])
    return output.getvalue().split()
