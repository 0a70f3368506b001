"""Names of saved classes and plugins, as `dynax.trained` needs them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dynax.config.registry import modules_of
from dynax.errors import UserError

PACKAGES = {"env": "dynax.envs", "model": "dynax.architectures"}


def is_known(group: str, name: str) -> bool:
    """Return whether a config group, `env` or `model`, has an option `name`."""
    return name in modules_of(PACKAGES[group])


def env_group(env: Any) -> str:
    """Return the option of the config group `env` that selects the class of `env`."""
    return type(env).__module__.rpartition(".")[2]


def import_plugins(paths: Sequence[Any]) -> None:
    """Import Python files that register classes."""
    if paths:
        raise UserError(f"plugins={list(paths)} are not supported yet")


def plugins_in_use() -> list[dict[str, str]]:
    """Return name, path and SHA-256 of the imported plugins."""
    return []


def require_plugins(saved: Iterable[Mapping[str, str]]) -> None:
    """Raise `UserError` unless the plugins of a saved model have been imported."""
    names = [plugin["name"] for plugin in plugins_in_use()]
    for plugin in saved:
        if plugin["name"] not in names:
            raise UserError(
                f"the saved model needs the plugin `{plugin['name']}` ({plugin['path']}): "
                f"name it as plugins=[{plugin['path']}]"
            )
