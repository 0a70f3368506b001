"""The command line: `dynax <command> [group=option ...] [key=value ...] [flags]`.

`main` removes the command word from the arguments and passes the rest to Hydra. Standard output contains only the
result: one line with the path of a directory. Everything else goes to standard error. Exit codes: 0 success, 1 failure,
2 wrong input, 128 + the number of a signal: 130 Ctrl-C, 143 SIGTERM. Signals are handled before Hydra is imported.
Hydra is imported once a command is given. JAX is imported once the configuration is valid.

Folders, from top to bottom; each imports only from those below it:

    app          the command line through Hydra: help, completion, the run itself
    commands     one file per command
    training     parts of `dynax train`: the job, the epoch loop, checkpoints, the final report
    learning     parts of `dynax learn`: checkpoints of the rounds, the final report
    jobs         one job, alone or in a sweep, and its outcome
    errors       an exception as a message and an exit code
    composition  the YAML files, and the checks on a composed configuration
    console      progress bars and tables on standard error

Files outside of these folders:

    command_table                    the commands, with their summaries and examples
    signals, stop_request, watcher   stop of a process by a signal
    streams, log_file, directories   standard output and standard error, log file, directories of results
    resume                           `training.resume`: a run continues with its own config, robot and dataset
    collection_policy                the policy of a collection
    log_dataset, render_log          a log as a test set, and its clip
    diagnosis                        the checks of `dynax doctor`
    hydra_private                    private parts of Hydra that have no public equivalent
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from dynax.cli import signals
from dynax.cli.command_table import COMMANDS
from dynax.cli.signals import Stopped
from dynax.errors import UserError, did_you_mean

_HELP = """\
dynax: neural dynamics models of MuJoCo robots

Usage: dynax <command> [group=option ...] [key=value ...] [flags]

Commands
{commands}

Examples
  dynax train env=cart_pole model=transformer
  dynax train -m model=mlp,resnet,transformer training.learning_rate=1e-3,3e-4
  dynax train env=data dataset=$(dynax import source=log.csv mapping=map.yaml)
  RUN=$(dynax train env=pendulum) && dynax eval run=$RUN && dynax render run=$RUN

`dynax <command> --help` lists the groups, keys and flags of a command.
`eval "$(dynax -sc install=bash)"` turns on Tab completion.

Standard output contains only the path of the result.
Exit codes: 0 success, 1 failure, 2 wrong input, 130 Ctrl-C, 143 SIGTERM.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code.

    Args:
        argv: The words after `dynax`; by default, the arguments of this process.
    """
    _open_closed_streams()
    with signals.handling():
        try:
            code = _exit_code(list(sys.argv[1:] if argv is None else argv))
        except Stopped as stop:
            signals.acknowledge()
            print(f"dynax: {stop}", file=sys.stderr)
            code = 128 + stop.number
        signals.acknowledge()
        return code


def _exit_code(argv: list[str]) -> int:
    """Run one command line. Errors after a signal are consequences of the signal, and so is the exit code."""
    try:
        code = _run(argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        signals.check()
        return _report(error)
    return code


def _report(error: Exception) -> int:
    """Print an error in one line and return the exit code. Raise an error that Dynax does not expect."""
    if isinstance(error, UserError):
        print(f"dynax: {error}", file=sys.stderr)
        return 2
    if isinstance(error, OSError):  # of standard output: its reader has exited, as `head` does, or the disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # otherwise, the interpreter fails again at exit
        if not isinstance(error, BrokenPipeError):
            print(f"dynax: cannot write to standard output: {error.strerror}", file=sys.stderr)
        return 1
    raise error


def _run(argv: list[str]) -> int:
    try:
        os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        raise UserError("the working directory does not exist any more: change to another directory") from None
    word = argv[0] if argv else "--help"
    if word in ("--help", "-h"):
        print(_HELP.format(commands="\n".join(f"  {c.name:<9}{c.summary}" for c in COMMANDS.values())), end="")
        return 0
    if "--version" in argv:
        print(f"dynax {_version()}")
        return 0
    if word in ("--shell-completion", "-sc"):
        from dynax.cli.app.completion import complete

        return complete(argv)
    if word not in COMMANDS:
        raise UserError(_no_command(word))
    if not COMMANDS[word].has_config:
        return import_module(f"dynax.cli.commands.{word}").run(argv[1:])
    from dynax.cli.app.launch import launch

    return launch(word, argv[1:])


def _no_command(word: str) -> str:
    names = ", ".join(COMMANDS)
    if word.startswith("-") or "=" in word:
        return f"{word} must come after a command; the commands are {names}"
    return f"{word} is not a command{did_you_mean(word, COMMANDS)}; the commands are {names}"


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("dynax")
    except PackageNotFoundError:
        return "(not installed)"


def _open_closed_streams() -> None:
    """Replace streams that the shell has closed (`>&-`), so that no file opened later becomes standard output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # receives the lowest free number, which is this one
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", closefd=False))  # noqa: SIM115
