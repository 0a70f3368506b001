"""Conversion of a group of a composed config into an instance of a dataclass.

If a group selects a class (`env`, `model`, `excitation`), then the fields of that class are the keys of the group.
"""

import dataclasses
import functools
import numbers
import re
import types
import typing
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from dynax.config.registry import Registry
from dynax.errors import UserError, config_section, did_you_mean, kind_of

MAX_NUMBER = 2**63 - 1  # largest absolute value of a number
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)  # as a text
MISSING = "???"  # OmegaConf's mark for a value that the user must give

T = TypeVar("T")


def section(cls: type[T], node: Mapping[str, Any], where: str) -> T:
    """Return the group `where` of a composed config as an instance of the dataclass `cls`.

    Raises:
        UserError: if a key is unknown, or a value has the wrong type or is out of range.
    """
    with config_section(where):
        return cls(**options(cls, node, where))


def build(registry: Registry, node: Mapping[str, Any], **arguments: Any) -> Any:
    """Return an instance of the class that a group of a composed config selects.

    Args:
        registry: the registry of the group.
        node: the group.
        arguments: further arguments of the class, which no YAML can set.

    Raises:
        UserError: if the name or a key is unknown, or a value is invalid.
    """
    where = f"{registry.section}.{registry.key}"
    if registry.key not in node:
        raise UserError(f"{where} is missing: it must be one of {', '.join(registry.names())}")
    cls = registry.get(node[registry.key], where)
    hidden = {*registry.hidden, *arguments}
    given = options(cls, node, registry.section, besides=(registry.key,), hidden=hidden)
    with config_section(registry.section):
        return cls(**arguments, **given)


def options(
    cls: type, node: Mapping[str, Any], where: str, *, besides: Collection[str] = (), hidden: Collection[str] = ()
) -> dict[str, Any]:
    """Return the keyword arguments of the dataclass `cls` in the group `where`, converted to the types of its fields.

    Args:
        cls: the dataclass.
        node: the group of a composed config.
        where: the name of the group, for error messages.
        besides: keys of the group that are no fields of `cls`, such as the key that selects `cls`.
        hidden: fields of `cls` that no YAML can set.

    Raises:
        UserError: if a key is unknown, or a value has the wrong type.
    """
    hints = _hints(cls)
    names = [field.name for field in _fields(cls, hidden)]
    given = {key: value for key, value in node.items() if key not in besides}
    for key in given:
        if key not in names:
            known = f"{where} has {', '.join(names)}" if names else f"{where} has no options"
            raise UserError(f"unknown key {where}.{key}{did_you_mean(key, names)}; {known}")
    return {key: _convert(value, hints[key], f"{where}.{key}") for key, value in given.items()}


def check_fields(instance: Any) -> None:
    """Convert the fields of a dataclass that was created in Python to the types of its hints, as those of a YAML file.

    Lists become tuples, and numbers of NumPy become numbers of Python. Fields with other hints remain unchanged.

    Raises:
        UserError: if a value has the wrong type. The argument of the error is the name of the field.
    """
    hints = _hints(type(instance))
    for field in dataclasses.fields(instance):
        value, hint = getattr(instance, field.name), hints[field.name]
        if not field.init or not _is_option(hint):
            continue
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            if not isinstance(value, hint):
                raise UserError(f"{field.name}={value!r} must be a {hint.__name__}", field.name)
            continue
        try:
            converted = _convert(value, hint, field.name)
        except UserError as error:
            raise UserError(str(error), field.name) from None
        if converted is not value:
            object.__setattr__(instance, field.name, converted)


_hints = functools.cache(typing.get_type_hints)  # of a class


def _is_option(hint: Any) -> bool:
    """Return whether a hint is one of those that `_convert` describes."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return all(h is type(None) or _is_option(h) for h in typing.get_args(hint))
    if typing.get_origin(hint) in (tuple, Mapping):
        return all(h is ... or _is_option(h) for h in typing.get_args(hint))
    return hint in _TYPE_NAMES or (isinstance(hint, type) and dataclasses.is_dataclass(hint))


def defaults(cls: type, hidden: Collection[str] = ()) -> dict[str, Any]:
    """Return the default of each field of the dataclass `cls` as a YAML value; `???` for a field without a default."""
    values = {}
    for field in _fields(cls, hidden):
        value = field.default
        if field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        values[field.name] = MISSING if value is dataclasses.MISSING else plain(value)
    return values


def _fields(cls: Any, hidden: Collection[str]) -> list[dataclasses.Field]:
    return [field for field in dataclasses.fields(cls) if field.init and field.name not in hidden]


def plain(value: Any) -> Any:
    """Return a value of a dataclass field as a YAML value: tuples as lists, and dataclasses as mappings."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in _fields(value, ())}
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, (tuple, list)) else value


def _convert(value: Any, hint: Any, where: str) -> Any:
    """Return `value` as the type `hint`, or raise UserError.

    A hint is bool, int, float, str, bytes, `X | None`, `tuple[X, ...]`, `Mapping[str, X]`, or a dataclass of such
    fields.
    """
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        if value is None:
            return None
        hint = next(h for h in typing.get_args(hint) if h is not type(None))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return section(hint, _mapping(value, where), where)
    if typing.get_origin(hint) is tuple:
        return _convert_list(value, typing.get_args(hint)[0], where)
    if typing.get_origin(hint) is Mapping:
        entry = typing.get_args(hint)[1]
        return {str(name): _convert(v, entry, f"{where}.{name}") for name, v in _mapping(value, where).items()}
    accepted: Any = _ACCEPTED.get(hint, hint)
    if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
        text = "null" if value is None else value
        quoted = hint in (int, float) and isinstance(value, str) and NUMBER.fullmatch(value)
        advice = ": remove the quotes around the number" if quoted else ""
        raise UserError(f"{where}={text} must be {_TYPE_NAMES[hint]}, not {kind_of(value)}{advice}")
    if hint in (int, float) and not abs(value) <= MAX_NUMBER:  # false for NaN
        raise UserError(f"{where}={str(value)[:20]} is out of range: it must be finite and at most {MAX_NUMBER}")
    return hint(value)


def _convert_list(value: Any, entry: Any, where: str) -> tuple[Any, ...]:
    if entry is str and isinstance(value, str):
        return (value,)
    value = value.tolist() if hasattr(value, "tolist") else value  # an array
    if isinstance(value, str) or not isinstance(value, typing.Sequence):
        kind, example = ("names", "[a, b]") if entry is str else ("numbers", "[1, 2]")
        raise UserError(f"{where}={value} must be a list of {kind}, such as {example}")
    return tuple(_convert(v, entry, where) for v in value)


def _mapping(value: Any, where: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise UserError(f"{where}={value} must be a mapping, such as {{name: value}}")
    return value


_TYPE_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "text", bytes: "bytes"}
_ACCEPTED = {int: numbers.Integral, float: numbers.Real}  # types beside the hint, which include those of NumPy
