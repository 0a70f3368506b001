"""A path that a user passes to a function."""

import os
from pathlib import Path
from typing import Any

from dynax.errors import UserError, check_type


def as_path(argument: str, value: Any) -> Path:
    """Return a path as an absolute path, with the home directory in place of `~`.

    Args:
        argument: the name of the argument, for messages.
        value: text, or an object that represents a path.

    Raises:
        UserError: if the value is no path, or if no file can have this path.
    """
    check_type(argument, value, (str, os.PathLike), "a path")
    shown = f"{argument}={str(value)[:200]!r}"
    try:
        path = Path(value).expanduser().absolute()
        str(path).encode()  # the libraries that write arrays need UTF-8
        path.exists()
        if "\0" in str(path):
            raise UserError(f"{shown} contains a null character: use another path", argument)
        return path
    except UnicodeEncodeError:
        raise UserError(f"{shown} contains bytes that are not UTF-8: use another path", argument) from None
    except OSError as error:
        raise UserError(f"{shown} cannot be used: {error.strerror}", argument) from None
    except (RuntimeError, TypeError) as error:  # no home directory, or a path of bytes
        raise UserError(f"{shown} cannot be used: {error}", argument) from None
