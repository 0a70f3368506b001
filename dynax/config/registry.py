"""The names that choose an implementation, and the classes behind them."""

import importlib
import importlib.util
import inspect
import pkgutil
from typing import Any

from dynax.errors import check_choice


def modules_of(package: str) -> list[str]:
    """The names one may choose from a package that holds one implementation a file, without importing them."""
    spec = importlib.util.find_spec(package)
    assert spec is not None, package
    return sorted(m.name for m in pkgutil.iter_modules(spec.submodule_search_locations))


def implementation(package: str, name: str, base: type, where: str) -> type[Any]:
    """The subclass of `base` that the file `<package>/<name>.py` defines.

    Raises `UserError` where there is no such file.
    """
    own = base.__module__.rpartition(".")[2]
    check_choice(where, name, [m for m in modules_of(package) if m != own])
    module = importlib.import_module(f"{package}.{name}")
    return next(
        c
        for _, c in inspect.getmembers(module, inspect.isclass)
        if issubclass(c, base) and c.__module__ == module.__name__
    )
