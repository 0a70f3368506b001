"""The exceptions that are told in a sentence rather than a traceback."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """The user's input is wrong: the message names what, where, and what would be right. The CLI exits with 2."""


class RunError(Exception):
    """The run failed for a reason that a sentence explains, the input being right. The CLI exits with 1."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The nearest of `known` as ` (did you mean `x`?)`, or nothing where none is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean `{near[0]}`?)" if near else ""


def check_choice(where: str, value: str, allowed: Iterable[str]) -> None:
    """Raise `UserError` unless `value` is one of `allowed`."""
    allowed = list(allowed)
    if value not in allowed:
        raise UserError(f"{where}={value} is not one of {', '.join(allowed)}{did_you_mean(str(value), allowed)}")


def check_range(where: str, value: float, low: float, high: float = float("inf"), *, open_low: bool = False) -> None:
    """Raise `UserError` unless `low <= value <= high` (`low < value` with `open_low`)."""
    if not (low < value if open_low else low <= value) or not value <= high or value == float("inf"):
        bound = f"{'above' if open_low else 'at least'} {low:g}"
        if high < float("inf"):
            bound += f" and at most {high:g}"
        raise UserError(f"{where}={value:g} is out of range: it must be {bound}")
