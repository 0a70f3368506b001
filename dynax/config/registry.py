"""A table from the names of one config group to the classes behind them."""

import importlib
import importlib.metadata
import logging
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dynax.errors import UserError, check_choice, did_you_mean

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Registry:
    """The implementations of one config group, by name.

    Built-in implementations are listed as `package.module:Class`. The class is imported when it is first requested.
    Installed packages add implementations through an entry-point group. `register` adds a class of this process.
    """

    section: str  # config section whose key selects the implementation, such as `model`
    key: str  # that key, such as `architecture`
    builtin: Mapping[str, str]  # name: `package.module:Class`
    base: str | None = None  # base class of the implementations as `package.module:Class`; None: a function
    function: str = ""  # name of that function, such as `optimizer`
    entry_points: str | None = None  # entry-point group of installed packages
    hidden: Sequence[str] = ()  # fields of the classes that no YAML can set
    suffix: str = ""  # end of a class name that is not part of the implementation's name, such as `DynamicsModel`
    registered: dict[str, Any] = field(default_factory=dict)  # name: class of this process

    @cached_property
    def installed(self) -> dict[str, importlib.metadata.EntryPoint]:
        """The entry points of installed packages, by name."""
        if self.entry_points is None:
            return {}
        points = {point.name: point for point in importlib.metadata.entry_points(group=self.entry_points)}
        for name in points.keys() & self.builtin.keys():
            log.warning("ignoring the entry point %s, because Dynax has a built-in `%s`", points.pop(name).value, name)
        return points

    def names(self) -> list[str]:
        """Return all names, sorted. No implementation is imported."""
        return sorted({*self.builtin, *self.registered, *self.installed})

    def get(self, name: str, where: str) -> Any:
        """Return the class, or the function, with a name.

        Args:
            name: the name.
            where: the config key or argument that contains the name, for error messages.

        Raises:
            UserError: if no implementation has this name, or if its package cannot be imported.
        """
        if isinstance(name, str):  # a value of the YAML has any type
            if name in self.registered:
                return self.registered[name]
            if name in self.builtin:
                return _import(self.builtin[name])
            if name in self.installed:
                return _load(self.installed[name])
        names = self.names()
        raise UserError(
            f"{where}={name} is not one of {', '.join(names)}{did_you_mean(str(name), names)}; "
            f"if a file {name}.py defines it, add plugins=[path/to/{name}.py]"
        )

    def check(self, argument: str, name: str) -> None:
        """Raise UserError unless an implementation has this name."""
        check_choice(argument, name, self.names())

    def register(self, name: str, cls: Any) -> None:
        """Add a class of this process under a name. An earlier class with this name is replaced.

        Raises:
            UserError: if the name belongs to a built-in implementation.
        """
        if name in self.builtin and self.builtin[name] != _path(cls):
            raise UserError(f"`{name}` is the name of a built-in {self.section}; choose another name for {_path(cls)}")
        if name not in self.builtin:
            self.registered[name] = cls

    def name_of(self, cls: Any) -> str:
        """Return the name of a class.

        A registered class has its registered name. Any other class has the stem of the file that defines it. A class of
        a script or a notebook has its own name in lower case, such as `my_arm` for `MyArmEnv`.
        """
        for name, other in self.registered.items():
            if other is cls:
                return name
        paths = {**self.builtin} | {name: point.value for name, point in self.installed.items()}
        for name, path in paths.items():
            if path == _path(cls):
                return name
        if cls.__module__ == "__main__":
            return _snake_case(cls.__name__.removesuffix(self.suffix) or cls.__name__)
        return cls.__module__.rpartition(".")[2]

    def is_implementation(self, thing: Any, module: str) -> bool:
        """Return whether an object that `module` defines is an implementation of this group."""
        if getattr(thing, "__module__", None) != module:
            return False
        if self.base is None:
            return callable(thing) and getattr(thing, "__name__", "") == self.function
        home, _, name = self.base.partition(":")
        base = getattr(sys.modules.get(home), name, None)  # a subclass exists only if the module is imported
        abstract = bool(getattr(thing, "__abstractmethods__", None))
        return isinstance(thing, type) and base is not None and issubclass(thing, base) and not abstract


def _path(cls: Any) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def _import(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _load(point: importlib.metadata.EntryPoint) -> Any:
    try:
        return point.load()
    except Exception as error:
        package = point.dist.name if point.dist else point.module
        reason = f"{type(error).__name__}: {error}"
        raise UserError(f"`{point.name}` of the package {package} cannot be imported: {reason}") from error


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
