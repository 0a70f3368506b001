"""A command line of one command through Hydra; then the results on standard output."""

import argparse
import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import hydra
from hydra._internal.utils import get_args_parser
from omegaconf import DictConfig

from dynax.cli import conf, job, plugins, resolvers, results
from dynax.cli.help import help_text
from dynax.cli.report import report
from dynax.cli.signals import Stopped
from dynax.cli.streams import keep_stdout, write_lines
from dynax.cli.table import COMMANDS
from dynax.errors import UserError


def collect(cfg: DictConfig) -> None:
    """What Hydra calls for `dynax collect`: a function of a module, so that workers of a sweep find it by name."""
    job.run("collect", cfg)


def train(cfg: DictConfig) -> None:
    """What Hydra calls for `dynax train`."""
    job.run("train", cfg)


def evaluate(cfg: DictConfig) -> None:
    """What Hydra calls for `dynax eval`."""
    job.run("eval", cfg)


def render(cfg: DictConfig) -> None:
    """What Hydra calls for `dynax render`."""
    job.run("render", cfg)


_TASKS = {"collect": collect, "train": train, "eval": evaluate, "render": render}


def launch(command: str, argv: Sequence[str]) -> int:
    """Do what the words after a command ask of it; returns the exit code."""
    args = _parse(argv)
    job.keep_compiled_programs()  # before a plugin imports JAX
    try:
        plugins.add_options(args.overrides)
    except UserError as error:
        return report(error, overrides=args.overrides)
    if args.help:
        return _show(lambda: _help(command, args), args.overrides)
    if args.hydra_help or args.cfg or args.info or args.shell_completion:
        return _show(lambda: to_hydra(command, argv), args.overrides)
    return _run(command, argv, args.overrides)


def to_hydra(command: str, argv: Sequence[str]) -> None:
    """Hand a command line to Hydra. Its errors come as exceptions, not as text and an exit."""
    resolvers.register()
    sys.argv[1:] = argv
    os.environ["HYDRA_FULL_ERROR"] = "1"
    hydra.main(version_base="1.3", config_path=str(conf.directory()), config_name=command)(_TASKS[command])()


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    """The flags, as Hydra reads them. Raises `UserError`."""
    parser = get_args_parser()
    parser.error = _wrong_flag
    args = parser.parse_args(argv)
    if args.experimental_rerun:
        raise UserError("--experimental-rerun reads a pickle, which Dynax does not; give the overrides again")
    if args.config_dir and not Path(args.config_dir).is_dir():
        raise UserError(f"--config-dir {args.config_dir}: no such directory")
    return args


def _wrong_flag(message: str) -> NoReturn:
    raise UserError(f"{message}; --help lists the flags")


def _help(command: str, args: argparse.Namespace) -> None:
    search = [f"hydra.searchpath=[file://{Path(args.config_dir).absolute()}]"] if args.config_dir else []
    resolvers.register()
    print(help_text(COMMANDS[command], args.config_name or command, args.overrides + search))


def _show(prints: Callable[[], None], overrides: Sequence[str]) -> int:
    """Print what was asked for on standard output, in one go, or what is wrong; returns the exit code."""
    shown = io.StringIO()
    try:
        with contextlib.redirect_stdout(shown):
            prints()
    except SystemExit as end:
        if end.code:
            return 2
    except Exception as error:
        return report(error, overrides=overrides)
    print(shown.getvalue(), end="")
    return 0


def _run(command: str, argv: Sequence[str], overrides: Sequence[str]) -> int:
    """Run the job, or the jobs of a sweep, and print the path each came to, in their order."""
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    stdout = keep_stdout()
    code = 0
    try:
        to_hydra(command, argv)
    except BaseException as error:
        code = report(error, overrides=overrides)
    outcomes = results.collect()
    results.tidy()
    paths = [outcome.path for outcome in outcomes if outcome.path]
    try:
        write_lines(stdout, paths)
    except OSError as error:
        print(f"dynax: cannot write to standard output ({error.strerror}): {' '.join(paths)}", file=sys.stderr)
        return 1
    codes = {outcome.exit_code for outcome in outcomes} | {0}
    return code or (1 if 1 in codes else max(codes))


def _stop(number: int, *_: object) -> None:
    """What Ctrl-C and SIGTERM do; a second one does it at once, without waiting for other processes."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, job.terminate)
    results.stop_workers(number)
    raise KeyboardInterrupt if number == signal.SIGINT else Stopped(number, "terminated")
