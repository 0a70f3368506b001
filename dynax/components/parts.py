"""Objects that belong to a model and are built once.

Flax copies a module in every call of `apply`, and `functools.cached_property` does not survive the copy. A `part` does:
copies with the same options share it. It is freed with the model.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

import jax
from flax import linen as nn

T = TypeVar("T")


class part(Generic[T]):  # noqa: N801
    """A property of a `ModuleWithParts` that is computed on first use and shared with copies of the module.

    The value must not depend on the scope of the module, and it must not contain traced arrays.
    """

    def __init__(self, build: Callable[[Any], T]):
        self.build = build
        self.__doc__ = build.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "part[T]": ...
    @overload
    def __get__(self, instance: Any, owner: type | None = None) -> T: ...
    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        values = vars(instance)["parts"]
        if self.name not in values:
            with jax.ensure_compile_time_eval():
                values[self.name] = self.build(instance)
        return values[self.name]


class ModuleWithParts(nn.Module):
    """A flax module whose `part` properties survive the copies that flax makes."""

    def __post_init__(self) -> None:
        vars(self)["parts"] = {}
        for field in dataclasses.fields(self):  # a module with a list would not be hashable
            if isinstance(value := getattr(self, field.name), list):
                setattr(self, field.name, tuple(value))
        super().__post_init__()

    def clone(self, *args: Any, **changes: Any) -> Any:
        """Return a copy, see `flax.linen.Module.clone`. It shares the parts unless an option changes."""
        copy = super().clone(*args, **changes)
        if changes.keys() <= {"parent", "name", "_deep_clone", "_reset_names"}:
            vars(copy)["parts"] = vars(self)["parts"]
        return copy
