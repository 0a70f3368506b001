"""A plugin: one Python file of the user, imported by its path."""

import hashlib
import importlib.util
import sys
import traceback
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from dynax.errors import UserError

PACKAGE = "dynax_plugins"  # prefix of the module names of plugins; no such package exists


@dataclass(frozen=True)
class Plugin:
    """A plugin that was imported."""

    name: str  # stem of the file
    path: str  # absolute path
    sha256: str  # of the file's content


def read_plugin(path: str | Path) -> Plugin:
    """Return the description of the plugin file `path`. The file is not imported.

    Raises:
        UserError: if the path is no readable Python file.
    """
    file = Path(path).expanduser().absolute()
    if file.suffix != ".py" or not file.stem.isidentifier():
        raise UserError(f"plugins={path} must be a Python file whose name is an identifier, such as my_model.py")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError(f"plugins={path} cannot be read: {error.strerror}") from None
    return Plugin(file.stem, str(file), hashlib.sha256(content).hexdigest())


class _Loader(SourceFileLoader):
    """Compiles the file at each import. Python's cache of bytecode overlooks a second change within one second."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def import_plugin(plugin: Plugin) -> ModuleType:
    """Import a plugin, again if it was imported before, and return its module.

    Raises:
        UserError: if the file raises an exception.
    """
    name = f"{PACKAGE}.{plugin.name}"
    loader = _Loader(name, plugin.path)
    spec = importlib.util.spec_from_file_location(name, plugin.path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look up the module of a class
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UserError(f"plugins={plugin.path} cannot be imported: {_reason(error, plugin.path)}") from error
    return module


def _reason(error: BaseException, path: str) -> str:
    """Return the exception of a plugin as one line, with the last line of the file that was executed."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    if isinstance(error, SyntaxError) and error.filename == path:
        lines = [error.lineno]
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{text} (line {lines[-1]})" if lines else text
