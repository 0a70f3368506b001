"""Plugins on the command line: `plugins=[path/to/my_model.py] model=my_model`.

Hydra composes a config from named options, which normally are YAML files. This module adds an option for each
implementation of a plugin, and of an installed package. The keys of such an option are the fields of its class.
"""

import contextlib
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Transformer
from hydra.errors import OverrideParseException

from dynax.cli.composition.verbatim import unescaped
from dynax.config.options import defaults
from dynax.config.registries import ARCHITECTURES, ENVS, EXCITATIONS, PLANNERS, TASKS, load_plugins
from dynax.config.registry import Registry

GROUPS = (ARCHITECTURES, ENVS, EXCITATIONS, TASKS, PLANNERS)


def add_options(overrides: Sequence[str]) -> None:
    """Import the plugins that a command line contains, and add the options of all implementations without a YAML file.

    Without `plugins=` and without an option of an installed package, nothing heavy is imported.

    Args:
        overrides: the overrides of the command line.

    Raises:
        UserError: if a plugin, or an implementation of an installed package, cannot be imported.
    """
    load([path for override in overrides for path in _plugin_paths(override)])
    for registry in GROUPS:
        for name in registry.registered:
            _store(registry, name, _node(registry, name))
        for name in registry.installed:
            chosen = any(_chooses(override, registry.section, name) for override in overrides)
            _store(registry, name, _node(registry, name) if chosen else {registry.key: name})


def load(value: Any) -> None:
    """Import the plugins of a config key `plugins`: a list of paths, or one path. Their output goes to standard error.

    Raises:
        UserError: if a plugin cannot be imported.
    """
    with contextlib.redirect_stdout(sys.stderr):
        load_plugins([value] if isinstance(value, str) else list(value or ()))


def _plugin_paths(override: str) -> Iterator[str]:
    """Yield the paths of an override of `plugins`, in a sweep those of all jobs."""
    if not re.match(r"\+{0,2}plugins=", override):
        return
    with contextlib.suppress(OverrideParseException):  # Hydra reports the error when it parses the override again
        for value in _values(OverridesParser.create().parse_override(override)):
            yield from map(unescaped, [value] if isinstance(value, str) else map(str, value or ()))


def _values(override: Override) -> Iterator[Any]:
    if override.is_sweep_override():
        yield from override.sweep_iterator(transformer=Transformer.identity)
    else:
        yield override.value()


def _chooses(override: str, group: str, name: str) -> bool:
    """Return whether an override selects the option `name` of a group, possibly in a sweep."""
    key, _, value = override.partition("=")
    return key.lstrip("+") == group and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", value) is not None


def _node(registry: Registry, name: str) -> dict[str, Any]:
    """Return the option of an implementation: its name, and the defaults of its fields."""
    cls = registry.get(name, f"{registry.section}.{registry.key}")
    node = {registry.key: name, **defaults(cls, registry.hidden)}
    if registry is ENVS:
        from dynax import envs  # a plugin with a robot has imported it

        node |= {"defaults": ["_self_", {"reset": None}], "reset": envs.default_reset(cls).as_group()}
    return node


def _store(registry: Registry, name: str, node: dict[str, Any]) -> None:
    ConfigStore.instance().store(group=registry.section, name=name, node=node)
