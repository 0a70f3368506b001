"""One command line: print its help or its config, or run its jobs and print their results."""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import hydra
from omegaconf import DictConfig

from dynax.cli import directories, signals
from dynax.cli.app import flags, vectorized
from dynax.cli.app.help import help_text
from dynax.cli.command_table import COMMANDS
from dynax.cli.composition import conf, plugins, resolvers
from dynax.cli.composition.implied import implied_options
from dynax.cli.composition.mappings import encode_mappings
from dynax.cli.errors.report import report
from dynax.cli.hydra_private import mode_from_flags
from dynax.cli.jobs import job, libraries, outcomes, ownership
from dynax.cli.streams import reserve_stdout, write_lines
from dynax.errors import UserError


def collect(cfg: DictConfig) -> None:
    """Run `dynax collect` on a composed config. Workers of a sweep import this function by its name."""
    job.run("collect", cfg)


def train(cfg: DictConfig) -> None:
    """Run `dynax train` on a composed config."""
    job.run("train", cfg)


def evaluate(cfg: DictConfig) -> None:
    """Run `dynax eval` on a composed config."""
    job.run("eval", cfg)


def render(cfg: DictConfig) -> None:
    """Run `dynax render` on a composed config."""
    job.run("render", cfg)


def plan(cfg: DictConfig) -> None:
    """Run `dynax plan` on a composed config."""
    job.run("plan", cfg)


def learn(cfg: DictConfig) -> None:
    """Run `dynax learn` on a composed config."""
    job.run("learn", cfg)


def export(cfg: DictConfig) -> None:
    """Run `dynax export` on a composed config."""
    job.run("export", cfg)


def import_log(cfg: DictConfig) -> None:
    """Run `dynax import` on a composed config."""
    job.run("import", cfg)


def inspect(cfg: DictConfig) -> None:
    """Run `dynax inspect` on a composed config."""
    job.run("inspect", cfg)


def compare(cfg: DictConfig) -> None:
    """Run `dynax compare` on a composed config."""
    job.run("compare", cfg)


_TASKS = {
    "collect": collect,
    "train": train,
    "eval": evaluate,
    "render": render,
    "plan": plan,
    "learn": learn,
    "export": export,
    "import": import_log,
    "inspect": inspect,
    "compare": compare,
}


def launch(command: str, argv: Sequence[str]) -> int:
    """Execute the command line of `command` and return the exit code."""
    argv = encode_mappings(argv)
    args = flags.parse(argv)
    argv, args.overrides = flags.with_verbatim_paths(argv, args)
    try:
        implied = implied_options(command, args.overrides)
    except Exception:
        signals.check()
        implied = []  # a malformed override: the composition reports it
    words = [word for option in implied for word in option.overrides]
    argv, args = [*words, *argv], argparse.Namespace(**{**vars(args), "overrides": [*args.overrides, *words]})
    libraries.set_defaults()  # before a plugin imports JAX
    try:
        plugins.add_options(args.overrides)
    except UserError as error:
        signals.check()
        return report(error, overrides=args.overrides)
    if args.help:
        return _show(lambda: _print_help(command, args), args.overrides)
    if args.hydra_help or args.cfg or args.info or args.shell_completion:
        return _show(lambda: to_hydra(command, argv), args.overrides)
    for option in implied:
        print(f"dynax: using {' '.join(option.overrides)}, because {option.reason}", file=sys.stderr)
    return _run(command, argv, args.overrides)


def to_hydra(command: str, argv: Sequence[str]) -> None:
    """Call Hydra with a command line. Its errors are raised as exceptions."""
    resolvers.register()
    vectorized.register()
    sys.argv[1:] = argv
    os.environ["HYDRA_FULL_ERROR"] = "1"  # otherwise, Hydra prints its errors and exits
    main = hydra.main(version_base="1.3", config_path=str(conf.directory()), config_name=command)
    with contextlib.nullcontext() if flags.may_set_mode(argv) else mode_from_flags():
        main(_TASKS[command])()


def _print_help(command: str, args: argparse.Namespace) -> None:
    search = [f"hydra.searchpath=[file://{Path(args.config_dir).absolute()}]"] if args.config_dir else []
    resolvers.register()
    print(help_text(COMMANDS[command], args.config_name or command, args.overrides + search))


def _show(prints: Callable[[], None], overrides: Sequence[str]) -> int:
    """Call `prints` and write its output at once. If it fails, write only the error. Return the exit code."""
    output, logs = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(logs):
            prints()
    except SystemExit as end:
        if end.code:
            sys.stderr.write(logs.getvalue())
            return 2
    except Exception as error:
        signals.check()
        return report(error, overrides=overrides)
    sys.stderr.write(logs.getvalue())
    print(output.getvalue(), end="")
    return 0


def _run(command: str, argv: Sequence[str], overrides: Sequence[str]) -> int:
    """Run one job or a sweep, print the paths of the results in the order of the jobs, and return the exit code."""
    signals.set_stop_action(outcomes.stop_workers)
    stdout = reserve_stdout()
    code = 0
    try:
        to_hydra(command, argv)
    except BaseException as error:
        stopped = signals.requested() and not isinstance(error, (KeyboardInterrupt, signals.Stopped))
        signals.acknowledge()
        if isinstance(error, ownership.WrongDirectory):
            error = error.error
        code = report(signals.stop_exception() if stopped else error, overrides=overrides)
    results = outcomes.collect()
    outcomes.remove_empty_sweeps()
    directories.remove_empty()
    paths = [outcome.path for outcome in results if outcome.path]
    try:
        write_lines(stdout, paths)
    except OSError as error:
        message = f"cannot write to standard output ({error.strerror}); the result is {' '.join(paths)}"
        print(f"dynax: {message}", file=sys.stderr)
        return 1
    codes = {outcome.exit_code for outcome in results} | {0}
    unfinished = 128 + signals.requested() if signals.requested() and not paths else 0
    return code or (1 if 1 in codes else max(codes)) or unfinished
