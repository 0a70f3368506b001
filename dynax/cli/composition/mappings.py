"""Options that map names of the user's robot to values, such as `env.action_range={left/hip.x:[-1,1]}`.

The grammar of Hydra allows neither quotes nor most characters in the keys of a mapping, and Hydra rejects keys that the
YAML file does not contain. A mapping on the command line is therefore read as YAML, passed through Hydra as a string of
JSON, and restored in the composed config.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from dynax.errors import UserError

MAPPINGS = ("env.action_range", "env.reset.ranges", "task.weights", "task.target")
OVERRIDE = re.compile(rf"^\+{{0,2}}({'|'.join(map(re.escape, MAPPINGS))})=(\{{.*\}})$", re.DOTALL)


class _Loader(yaml.SafeLoader):
    """A loader of YAML that reads all keys as text, and 1e-3 as a number."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}

    def construct_yaml_str(self, node: yaml.ScalarNode) -> str | float:
        try:
            return float(node.value) if node.style is None else node.value
        except ValueError:
            return node.value


_Loader.add_constructor("tag:yaml.org,2002:str", _Loader.construct_yaml_str)


def encode_mappings(argv: Sequence[str]) -> list[str]:
    """Return a command line with the mappings of `MAPPINGS` as strings. Several mappings are the values of a sweep."""
    return [_encode(argument) for argument in argv]


def restore_mappings(cfg: DictConfig) -> None:
    """Replace the strings of `encode_mappings` in a composed config by mappings, in place.

    Raises:
        UserError: if an option of `MAPPINGS` is another string.
    """
    for key in MAPPINGS:
        value = OmegaConf.select(cfg, key)
        if isinstance(value, str):
            OmegaConf.update(cfg, key, _decoded(key, value), merge=False, force_add=True)


def _decoded(key: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise UserError(f"{key}={text} must be a mapping, such as {{name: value}}") from None


def _encode(argument: str) -> str:
    match = OVERRIDE.match(argument)
    if not match:
        return argument
    try:
        values = yaml.load(f"[{match[2]}]", _Loader)
    except yaml.YAMLError:
        return argument  # Hydra reports the error
    if not all(isinstance(value, dict) for value in values):
        return argument
    return f"{match[1]}={','.join(map(_quoted, values))}"


def _quoted(value: dict[Any, Any]) -> str:
    """Return a mapping as a quoted string of Hydra. A dollar sign would begin an interpolation."""
    text = json.dumps(value, default=str).replace("$", "\\u0024")
    return "'" + re.sub(r"(\\*)'", r"\1\1\\'", text) + "'"
