"""Training settings per architecture and robot, from the same YAML files as the command line.

Hydra composes `conf/training/default.yaml` with the files in `conf/training/recipe`. This module composes them without
Hydra, for use in Python.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dynax.config.locations import conf_directory
from dynax.config.yaml_text import Loader
from dynax.errors import UserError


def training_recipe(architecture: str, env: str, option: str = "default") -> dict[str, Any]:
    """Return the group `training` as `dynax train model=<architecture> env=<env> training=<option>` composes it."""
    file = conf_directory() / "training" / f"{option}.yaml"
    if not file.is_file():
        raise UserError(f"training={option} does not exist: there is no {file}")
    return _composed(file, {"${model}": architecture, "${env}": env})


def _composed(file: Path, choices: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of a YAML file merged with those of its defaults list.

    An entry of the list is `_self_`, another file of the folder, or `optional <folder>@_here_: <choice>`, where the
    file may not exist.
    """
    if not file.is_file():
        return {}
    content: Any = yaml.load(file.read_text(), Loader)
    values: dict[str, Any] = {}
    for entry in content.pop("defaults", ["_self_"]):
        if entry == "_self_":
            values |= content
        elif isinstance(entry, str):
            values |= _composed(file.parent / f"{entry}.yaml", choices)
        else:
            [(key, choice)] = entry.items()
            folder = file.parent / key.removeprefix("optional ").removesuffix("@_here_")
            values |= _composed(folder / f"{choices[choice]}.yaml", choices)
    return values
