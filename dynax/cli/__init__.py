"""The command line: `dynax <command> [group=option ...] [key=value ...] [flags]`.

The console script takes the command word off `sys.argv` and hands the rest to Hydra. Standard output carries
the result, one line, the path of a directory; all else goes to standard error. Exit codes: 0 done, 1 failed,
2 the user's input is wrong, 130 Ctrl-C, 143 SIGTERM. No Hydra is imported until a command is named, and no JAX
until its config is found good.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dynax.cli.signals import Stopped
from dynax.cli.table import COMMANDS
from dynax.errors import UserError, did_you_mean

_HELP = """\
dynax: neural dynamics models of MuJoCo robots

Usage: dynax <command> [group=option ...] [key=value ...] [flags]

Commands
{commands}

Examples
  dynax train env=cart_pole model=transformer
  dynax train -m model=mlp,resnet,transformer training.learning_rate=1e-3,3e-4
  RUN=$(dynax train env=pendulum) && dynax eval run=$RUN && dynax render run=$RUN

`dynax <command> --help` shows the groups, keys and flags of a command.
`eval "$(dynax -sc install=bash)"` makes Tab complete all of them.

The result, a directory, is the one line on standard output. Exit codes:
0 done, 1 failed, 2 the input is wrong, 130 Ctrl-C, 143 SIGTERM.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: of this process); returns the exit code."""
    _open_closed_streams()
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except OSError as error:  # of standard output: the reader has gone, as `head` does, or the disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter trips over it again at exit
        if not isinstance(error, BrokenPipeError):
            print(f"dynax: standard output: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except Stopped as stop:
        return 128 + stop.number
    except UserError as error:
        print(f"dynax: {error}", file=sys.stderr)
        return 2
    return code


def _run(argv: list[str]) -> int:
    word = argv[0] if argv else "--help"
    if word in ("--help", "-h"):
        print(_HELP.format(commands="\n".join(f"  {c.name:<9}{c.summary}" for c in COMMANDS.values())), end="")
        return 0
    if "--version" in argv:
        print(f"dynax {_version()}")
        return 0
    if word in ("--shell-completion", "-sc"):
        from dynax.cli.completion import complete

        return complete(argv)
    if word not in COMMANDS:
        raise UserError(_no_command(word))
    from dynax.cli.app import launch

    return launch(word, argv[1:])


def _no_command(word: str) -> str:
    names = ", ".join(COMMANDS)
    if word.startswith("-") or "=" in word:
        return f"the command comes first, before {word}: one of {names}"
    return f"unknown command {word}{did_you_mean(word, COMMANDS)}; the commands are {names}"


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("dynax")
    except PackageNotFoundError:
        return "(not installed)"


def _open_closed_streams() -> None:
    """Open what the shell closed (`>&-`): a file opened later must not become standard output."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
