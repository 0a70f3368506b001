"""Private parts of Hydra and OmegaConf that have no public equivalent. Nothing else imports private names of them."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra._internal import hydra, utils
from hydra.core.plugins import Plugins
from hydra.plugins.plugin import Plugin
from omegaconf import Container


def flag_parser() -> argparse.ArgumentParser:
    """Return Hydra's parser of flags and overrides. Hydra itself calls it only inside `hydra.main`."""
    return utils.get_args_parser()


@contextmanager
def mode_from_flags() -> Iterator[None]:
    """Let `hydra.main` run a sweep with the flag --multirun, and otherwise one job.

    By default, Hydra composes the whole config twice: first only to read `hydra.mode`, which is usually not set.
    """
    composes = hydra.Hydra.get_mode
    hydra.Hydra.get_mode = lambda *args, **kwargs: None
    try:
        yield
    finally:
        hydra.Hydra.get_mode = composes


def register_plugin(plugin: type[Plugin]) -> str:
    """Add a plugin to Hydra and return its name. Hydra itself accepts only plugins of the package `hydra_plugins`."""
    name, accepts = f"{plugin.__module__}.{plugin.__qualname__}", Plugins.is_in_toplevel_plugins_module
    Plugins.is_in_toplevel_plugins_module = staticmethod(lambda clazz: clazz == name or accepts(clazz))
    Plugins.instance().register(plugin)
    return name


def root_of(node: Container) -> Any:
    """Return the whole config that `node` belongs to. An OmegaConf error contains only the node."""
    return node._get_root()
