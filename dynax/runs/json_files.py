"""The one reader of JSON files. A schema describes the types of the content, and other content is one sentence.

A schema is a type: `str`, `int`, `float`, `bool`, `None`, `Any`, `list[T]`, `dict[str, T]`, a `Literal`, a union of
schemas, or a `TypedDict`, whose additional keys are allowed. `Annotated[T, Range(low, high)]` limits a number. Every
integer has at most 64 bits.
"""

import json
import stat
import textwrap
from pathlib import Path
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from dynax.errors import UserError

MAX_INTEGER = 2**63 - 1
MAX_BYTES = 2**28  # a larger file is not one that Dynax has written


class Range(NamedTuple):
    """The bounds of a number in a schema; both are allowed."""

    low: float
    high: float


_NAMES = {str: "a text", int: "an integer", float: "a number", bool: "true or false", type(None): "null"}


def read_json(path: Path, schema: Any, problem: str) -> Any:
    """Return the content of a JSON file.

    Args:
        path: the file.
        schema: the type of the content.
        problem: beginning of the message of an error, such as `the dataset X is damaged`.

    Raises:
        UserError: if the file cannot be read, is not valid JSON, or does not conform to `schema`.
    """
    return parse_json(read_text(path, problem), schema, f"{problem}: {path}")


def read_text(path: Path, problem: str) -> str:
    """Return the content of a regular file of limited size.

    Raises:
        UserError: if the file is missing, too large or not a regular file, or if its content is not UTF-8.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would never end
            raise UserError(f"{problem}: {path} is not a regular file")
        if status.st_size > MAX_BYTES:
            raise UserError(f"{problem}: {path} has {status.st_size} bytes, but at most {MAX_BYTES} are allowed")
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise UserError(f"{problem}: {path} is missing") from None
    except OSError as error:
        raise UserError(f"{problem}: {path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UserError(f"{problem}: {path} is not valid UTF-8") from None


def parse_json(text: str, schema: Any, problem: str) -> Any:
    """Return the content of a JSON text.

    Raises:
        UserError: if the text is not valid JSON, or does not conform to `schema`.
    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise UserError(f"{problem} is nested too deeply") from None
    except ValueError as error:
        raise UserError(f"{problem} is not valid JSON ({error})") from None
    if mismatch := difference(content, schema):
        raise UserError(f"{problem} does not have the expected content: {mismatch}")
    return content


def difference(value: Any, schema: Any, place: str = "") -> str | None:
    """Return in words how a value differs from a schema, or None if the value conforms to the schema."""
    if schema is Any:
        return None
    if is_typeddict(schema):
        return _difference_of_keys(value, schema, place)
    options, kind = get_args(schema), get_origin(schema)
    if kind is NotRequired:
        return difference(value, options[0], place)
    if kind is Annotated:
        return difference(value, options[0], place) or _out_of_range(value, options[1], place)
    if kind is Literal:
        return None if value in options else _wrong(value, " or ".join(map(str, options)), place)
    if kind in (Union, UnionType):
        fits = any(difference(value, option, place) is None for option in options)
        return None if fits else _wrong(value, " or ".join(_name(option) for option in options), place)
    if kind in (list, dict):
        return _difference_of_entries(value, schema, place)
    allowed = (int, float) if schema is float else (schema,)
    fits = type(value) in allowed  # a Boolean is not an integer here, although Python's bool is a subclass
    if not fits:
        return _wrong(value, _name(schema), place)
    too_long = type(value) is int and abs(value) > MAX_INTEGER
    return _wrong(value, "an integer of at most 64 bits", place) if too_long else None


def _out_of_range(value: float, allowed: Range, place: str) -> str | None:
    if allowed.low <= value <= allowed.high:  # false for NaN
        return None
    return _wrong(value, f"a number from {allowed.low} to {allowed.high}", place)


def _difference_of_keys(value: Any, schema: Any, place: str) -> str | None:
    if not isinstance(value, dict):
        return _wrong(value, "an object", place)
    for key, hint in get_type_hints(schema, include_extras=True).items():
        if key not in value:
            if key in schema.__required_keys__:
                return f"the key {_below(place, key)} is missing"
        elif found := difference(value[key], hint, _below(place, key)):
            return found
    return None


def _difference_of_entries(value: Any, schema: Any, place: str) -> str | None:
    kind, hint = get_origin(schema), get_args(schema)[-1]
    if not isinstance(value, kind):
        return _wrong(value, _name(schema), place)
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    return next(filter(None, (difference(entry, hint, _below(place, str(key))) for key, entry in entries)), None)


def _wrong(value: Any, expected: str, place: str) -> str:
    subject = f"the key {place}" if place else "the content"
    return f"{subject} must be {expected}, not {textwrap.shorten(json.dumps(value), 60, placeholder=' ...')}"


def _name(schema: Any) -> str:
    kind = get_origin(schema) or schema
    return _NAMES.get(kind) or ("a list" if kind is list else "an object")


def _below(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
