"""Tab: the commands first, then what Hydra completes for the one that is there.

The shell calls `dynax -sc query=bash` with the line typed so far in COMP_LINE. Hydra knows no commands, files of ours
or second values of a sweep: these are seen to here, and Hydra is asked for the rest.
"""

import contextlib
import io
import os
from collections.abc import Sequence
from pathlib import Path

from dynax.cli import conf
from dynax.cli.table import COMMANDS

_FLAGS = ("--cfg", "--config-dir", "--help", "--info", "--multirun")
_PATHS = ("run", "dataset", "env.xml", "training.resume", "hydra.run.dir", "hydra.sweep.dir")


def complete(argv: Sequence[str]) -> int:
    """Answer `-sc install=<shell>`, `-sc uninstall=<shell>` or `-sc query=<shell>`; returns the exit code."""
    from dynax.cli.app import launch

    query = next((word for word in argv if word.startswith("query=")), None)
    if query is None:
        return launch("train", argv)  # the same for every command
    line = os.environ.get("COMP_LINE", "")
    line = line[: int(os.environ.get("COMP_POINT", len(line)))]
    print(*_candidates(line, argv), sep="\n" if query == "query=fish" else " ")
    return 0


def _candidates(line: str, argv: Sequence[str]) -> list[str]:
    """What the last word of the line may become."""
    words = line.split()[1:]
    last = "" if line.endswith(" ") or not words else words.pop()
    if not words:
        return [command for command in COMMANDS if command.startswith(last)]
    if words[0] not in COMMANDS:
        return []
    if words[-1] == "--config-dir":
        return _files("", last)
    if last.startswith("-"):
        return [flag for flag in _FLAGS if flag.startswith(last)]
    key, equals, value = last.partition("=")
    if equals and key == "plugins":
        first, comma, value = (value if value.startswith("[") else f"[{value}").rpartition(",")
        return _files(f"{key}={first}{comma}" if comma else f"{key}=[", value.removeprefix("["))
    if equals and key in _PATHS:
        return _files(f"{key}=", value)
    return _from_hydra(words, last, argv)


def _files(head: str, start: str) -> list[str]:
    """`head` and each path that begins with `start`, folders with a slash behind them."""
    folder, slash, name = start.rpartition("/")
    paths = sorted(path for path in Path(folder + slash).glob("*") if path.name.startswith(name))
    return [f"{head}{folder}{slash}{path.name}{'/' if path.is_dir() else ''}" for path in paths]


def _from_hydra(words: Sequence[str], last: str, argv: Sequence[str]) -> list[str]:
    """What Hydra offers after the command `words[0]`, less what belongs to other commands or to Hydra itself."""
    given, comma, value = last.rpartition(",")  # of model=mlp,res Hydra is asked model=res
    asked = f"{last.partition('=')[0]}={value}" if comma else last
    own = conf.keys(words[0])
    hidden = conf.groups() - set(own) - ({"hydra"} if last.startswith("hydra") else set())
    offers = [w for w in _ask(words, asked, argv) if w.lstrip("+~").partition("=")[0].partition(".")[0] not in hidden]
    offers = sorted(f"{w}=" if w in own else w for w in offers)  # Hydra offers a group with a folder in it bare
    return [f"{given},{offer.partition('=')[2]}" for offer in offers] if comma else offers


def _ask(words: Sequence[str], last: str, argv: Sequence[str]) -> list[str]:
    """Hydra's answer; nothing where the line so far is wrong, as nobody has asked about that yet."""
    from dynax.cli import plugins
    from dynax.cli.app import to_hydra

    at = words.index("--config-dir") if "--config-dir" in words else len(words)
    os.environ["COMP_LINE"] = " ".join(["dynax", *words[1:], last])
    printed = io.StringIO()
    wrong_so_far = contextlib.suppress(Exception, SystemExit)
    with wrong_so_far, contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        plugins.add_options(words[1:])
        to_hydra(words[0], [*argv, *words[at : at + 2]])
    return printed.getvalue().split()
