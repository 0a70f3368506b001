"""From the fields of a dataclass to plain values, as YAML and JSON have them, and back."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from dynax.errors import UserError


def plain_fields(instance: Any, where: str, without: Collection[str] = ()) -> dict[str, Any]:
    """Return the fields of a dataclass that its constructor accepts, as plain values.

    Args:
        instance: an instance of a dataclass.
        where: name of the config group, for error messages.
        without: fields to leave out.

    Raises:
        UserError: if a value is not a number, text, None, or a composition of them.
    """
    fields = [f.name for f in dataclasses.fields(instance) if f.init and f.name not in without]
    return {name: _plain(getattr(instance, name), f"{where}.{name}") for name in fields}


def tuples(value: Any) -> Any:
    """Return `value` with every list replaced by a tuple, as dataclasses hold sequences."""
    if isinstance(value, Mapping):
        return {name: tuples(x) for name, x in value.items()}
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def _plain(value: Any, where: str) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(x, f"{where}.{name}") for name, x in value.items()}
    if isinstance(value, Sequence):
        return [_plain(x, where) for x in value]
    if dataclasses.is_dataclass(value):
        return plain_fields(value, where)
    raise UserError(f"{where}={value!r} cannot be saved: use numbers, text, or tuples and mappings of them")
