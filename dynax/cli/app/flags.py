"""The flags of a command, as Hydra parses them."""

import argparse
import codecs
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from dynax.cli.composition.verbatim import quote_paths
from dynax.cli.hydra_private import flag_parser
from dynax.errors import UserError


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the flags and, as `overrides`, the other words of a command line, in any order.

    Raises:
        UserError: A flag is unknown, not supported, or has an invalid value.
    """
    _check_text(argv)
    parser = flag_parser()
    parser.error = _wrong_flag
    args = parser.parse_intermixed_args(argv)
    if args.experimental_rerun:
        raise UserError("--experimental-rerun is not supported, because it reads a pickle file; repeat the overrides")
    if args.config_dir and not Path(args.config_dir).is_dir():
        raise UserError(f"--config-dir {args.config_dir}: the directory does not exist")
    if any(re.match(r"[+~]*hydra\.output_subdir\b", word) for word in args.overrides):
        raise UserError("hydra.output_subdir cannot be set, because Dynax writes the folder .hydra itself; remove it")
    return args


def may_set_mode(argv: Sequence[str]) -> bool:
    """Return whether a command line may set `hydra.mode`: by an override, or in a YAML file of the user."""
    return any(re.match(r"--?c|[+~]*hydra\b", word) for word in argv)


def with_verbatim_paths(argv: Sequence[str], args: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Return a command line and its overrides, with the paths in quotes, so that Hydra takes them verbatim.

    The flags come last in the command line, because Hydra accepts no flag between two overrides.
    """
    sweep = args.multirun or any(re.fullmatch(r"\+{0,2}hydra\.mode=MULTIRUN", word) for word in args.overrides)
    quoted = quote_paths(args.overrides, sweep)
    return [*quoted, *(word for word in argv if word not in args.overrides)], quoted


def _check_text(argv: Sequence[str]) -> None:
    """Raise UserError if an argument or the working directory cannot be written to the files of a run."""
    for text in (*argv, str(Path.cwd())):
        if re.search(r"[\n\r\ud800-\udfff]", text):
            raise UserError(f"{text!r} contains a line break or bytes that are not UTF-8; {_remedy()}")
        if re.search(r"\d{1000}", text):
            raise UserError("an argument contains a number of more than 1000 digits; decrease the number")
    if "${" in str(Path.cwd()):
        raise UserError("the working directory contains ${, which Hydra interpolates; rename the directory")


def _remedy() -> str:
    """Return the remedy for a path that Python cannot decode, which may be valid in another locale."""
    encoding = sys.getfilesystemencoding()
    if codecs.lookup(encoding).name == "utf-8":
        return "rename the file or directory"
    return f"the locale has the encoding {encoding}: set LC_ALL=C.UTF-8, or rename the file or directory"


def _wrong_flag(message: str) -> NoReturn:
    raise UserError(f"{message}; --help lists the flags")
