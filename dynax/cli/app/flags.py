"""The flags of a command, as Hydra parses them."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from dynax.cli.hydra_private import flag_parser
from dynax.errors import UserError


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the flags and, as `overrides`, the other words of a command line.

    Raises:
        UserError: A flag is unknown, not supported, or has an invalid value.
    """
    parser = flag_parser()
    parser.error = _wrong_flag
    args = parser.parse_args(argv)
    if args.experimental_rerun:
        raise UserError("--experimental-rerun is not supported, because it reads a pickle file; repeat the overrides")
    if args.config_dir and not Path(args.config_dir).is_dir():
        raise UserError(f"--config-dir {args.config_dir}: the directory does not exist")
    return args


def _wrong_flag(message: str) -> NoReturn:
    raise UserError(f"{message}; --help lists the flags")
