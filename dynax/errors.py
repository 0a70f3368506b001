"""Exceptions that the command line reports as one sentence, without a traceback, and checks that raise them."""

import contextlib
import difflib
import numbers
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

MAX_NAMES = 5  # names that a message lists
MAX_CHARACTERS = 5000  # of a message: enough for the longest path, but not for a file that the message quotes
POWER_OF_TEN = 10**20  # smallest integer that a message shows as a power of ten


class UserError(ValueError):
    """An error in the user's input. The command line exits with code 2.

    The message is a sentence that names the fault, its place and the remedy. If it begins with the name of an argument,
    such as `num_epochs=0 is out of range`, then `argument` is that name. The command line puts the config section in
    front of it: `training.num_epochs=0 is out of range`.

    Args:
        message: the message.
        argument: the name of the argument at the beginning of the message, if there is one.
    """

    def __init__(self, message: str, argument: str | None = None):
        super().__init__(message if len(message) <= MAX_CHARACTERS else f"{message[:MAX_CHARACTERS]} ...")
        self.argument = argument

    def with_section(self, section: str) -> "UserError":
        """Return the error with `section` in front of its argument. Without an argument, return the error itself."""
        if not self.argument or self.argument.startswith(f"{section}."):
            return self
        return UserError(f"{section}.{self}", f"{section}.{self.argument}")


class RunError(RuntimeError):
    """A failure of a run whose input is correct. The command line exits with code 1."""


class DiskFullError(RunError):
    """The disk has no room for a file. The message names the file and the room that it needs."""


@contextlib.contextmanager
def config_section(section: str) -> Iterator[None]:
    """Put the name of a config section in front of the argument of any UserError that the block raises."""
    try:
        yield
    except UserError as error:
        raise error.with_section(section) from error.__cause__


@contextlib.contextmanager
def renamed_argument(name: str, other: str) -> Iterator[None]:
    """Replace the argument `name` at the beginning of any UserError that the block raises by `other`."""
    try:
        yield
    except UserError as error:
        if not str(error).startswith(f"{name}="):
            raise
        raise UserError(f"{other}{str(error).removeprefix(name)}", other) from error.__cause__


def listed(names: Sequence[str]) -> str:
    """Return at most `MAX_NAMES` names in backticks, and the number of the others."""
    more = f" and {len(names) - MAX_NAMES} others" if len(names) > MAX_NAMES else ""
    return ", ".join(f"`{name}`" for name in names[:MAX_NAMES]) + more


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ` (did you mean `x`?)` with the name in `known` that is most similar to `name`, or an empty string."""
    similar = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean `{similar[0]}`?)" if similar else ""


def check_type(argument: str, value: object, expected: type | tuple[type, ...], description: str) -> None:
    """Raise UserError unless `value` is an instance of `expected`, which `description` names with its article."""
    if not isinstance(value, expected):
        kind = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
        raise UserError(f"{argument} must be {description}, not {kind}", argument)


def check_choice(argument: str, value: str, allowed: Iterable[str]) -> None:
    """Raise UserError unless `value` is one of `allowed`."""
    allowed = list(allowed)
    if value not in allowed:
        suggestion = did_you_mean(str(value), allowed)
        raise UserError(f"{argument}={value} is not one of {', '.join(allowed)}{suggestion}", argument)


def check_range(argument: str, value: float, low: float, high: float = float("inf"), *, open_low: bool = False) -> None:
    """Raise UserError unless `low <= value <= high` and `value` is finite. With `open_low`, `low` itself is invalid."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise UserError(f"{argument}={shown(value)} must be a number, not {kind_of(value)}", argument)
    if not (low < value if open_low else low <= value) or not value <= high or value == float("inf"):
        bound = f"{'above' if open_low else 'at least'} {digits(low)}"
        if high < float("inf"):
            bound += f" and at most {digits(high)}"
        raise UserError(f"{argument}={digits(value, low, high)} is out of range: it must be {bound}", argument)


def check_optional(argument: str, value: float | None, low: float, high: float, *, open_low: bool = False) -> None:
    """Raise UserError unless `value` is None or passes `check_range`."""
    if value is not None:
        check_range(argument, value, low, high, open_low=open_low)


def check_whole(argument: str, value: int, low: int, high: float = float("inf")) -> None:
    """Raise UserError unless `value` is a whole number and `low <= value <= high`."""
    check_range(argument, value, low, high)
    if not isinstance(value, numbers.Integral):
        raise UserError(f"{argument}={value} must be a whole number, not {kind_of(value)}", argument)


def kind_of(value: Any) -> str:
    """Return the kind of a wrong value, for a message. Lists and mappings of a YAML file have private types."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "a mapping"
    is_text = isinstance(value, (str, bytes))
    return "a list" if isinstance(value, Sequence) and not is_text else type(value).__name__


def shown(value: Any) -> str:
    """Return a value as a message shows it."""
    return "null" if value is None else repr(value)


def digits(value: float, *bounds: float) -> str:
    """Return a number with few digits, but with enough digits to distinguish it from `bounds`. Integers are complete.

    Args:
        value: the number.
        bounds: numbers that the same message contains.
    """
    if isinstance(value, numbers.Integral):
        return str(int(value)) if abs(value) < POWER_OF_TEN else _magnitude(int(value))
    short = float(text := f"{value:g}")
    same = short == value if not bounds else all(_order(short, bound) == _order(value, bound) for bound in bounds)
    return text if same else repr(float(value))


def _order(value: float, bound: float) -> int:
    return (value > bound) - (value < bound)


def _magnitude(value: int) -> str:
    """Return the power of ten of a long integer."""
    return f"{'-' if value < 0 else ''}1e{len(str(abs(value))) - 1}" if abs(value) < 10**4000 else "a huge number"
