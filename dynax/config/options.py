"""From a group of a composed config to the dataclass that it describes.

Where a group chooses an implementation (`env`, `model`, `excitation`), the chosen class is its own schema: `options`
checks the group against the fields of that class.
"""

import dataclasses
import types
import typing
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from dynax.errors import UserError, did_you_mean

T = TypeVar("T")


def section(cls: type[T], node: Mapping[str, Any], where: str) -> T:
    """The group `where` of a composed config as an instance of the dataclass `cls`.

    Raises `UserError` for a key it does not have, a value of another type, or one out of range.
    """
    return cls(**options(cls, node, where))


def options(
    cls: type, node: Mapping[str, Any], where: str, *, besides: Collection[str] = (), hidden: Collection[str] = ()
) -> dict[str, Any]:
    """The keyword arguments of the dataclass `cls` that the group `where` gives, checked against the fields of `cls`.

    `besides` names the keys which are no fields (the one that chose `cls`), `hidden` the fields no YAML may set.
    """
    hints = typing.get_type_hints(cls)
    fields = [f.name for f in dataclasses.fields(cls) if f.init and f.name not in hidden]
    given = {key: value for key, value in node.items() if key not in besides}
    for key in given:
        if key not in fields:
            raise UserError(f"unknown key {where}.{key}{did_you_mean(key, fields)}; {where} has {', '.join(fields)}")
    return {key: _convert(value, hints[key], f"{where}.{key}") for key, value in given.items()}


def _convert(value: Any, hint: Any, where: str) -> Any:
    """`value` as the type `hint`, or a `UserError`.

    A hint is bool, int, float, str, `X | None`, `tuple[X, ...]`, `Mapping[str, X]`, or a dataclass of such fields.
    """
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        if value is None:
            return None
        hint = next(h for h in typing.get_args(hint) if h is not type(None))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return section(hint, _mapping(value, where), where)
    if typing.get_origin(hint) is tuple:
        item = typing.get_args(hint)[0]
        if item is str and isinstance(value, str):
            return (value,)
        if isinstance(value, str) or not isinstance(value, typing.Sequence):
            raise UserError(f"{where}={value} must be a list of {item.__name__}, such as [1, 2]")
        return tuple(_convert(v, item, where) for v in value)
    if typing.get_origin(hint) is Mapping:
        item = typing.get_args(hint)[1]
        return {str(name): _convert(v, item, f"{where}.{name}") for name, v in _mapping(value, where).items()}
    accepted: Any = (int, float) if hint is float else hint
    if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
        raise UserError(f"{where}={value} must be {_NAMES[hint]}, not {type(value).__name__}")
    return hint(value)


def _mapping(value: Any, where: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise UserError(f"{where}={value} must name its entries, such as {{name: value}}")
    return value


_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
