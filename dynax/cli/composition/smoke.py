"""Small evaluation and rendering for runs that were trained with `training=smoke`."""

from collections.abc import Sequence
from pathlib import Path

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

COMMANDS = ("eval", "render")


def smoke_override(command: str, overrides: Sequence[str]) -> str | None:
    """Return `eval=smoke` or `render=smoke` if the command should be small, otherwise None.

    The command is small if all runs in `run=` were trained with `training=smoke`, unless `overrides` choose an option
    of the group. Overrides of single keys stay possible, because they apply after the choice of the option.

    Raises:
        OverrideParseException: An override is malformed.
    """
    if command not in COMMANDS:
        return None
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    if any(override.get_key_element().lstrip("+~").split("@")[0] == command for override in parsed):
        return None
    runs = [run for override in parsed if override.key_or_group == "run" for run in _values(override)]
    return f"{command}=smoke" if runs and all(map(_trained_with_smoke, runs)) else None


def _values(override: Override) -> list[str]:
    """Return the value of an override, or the values of a sweep."""
    values = override.sweep_string_iterator() if override.is_sweep_override() else [override.value()]
    return [str(value).strip("'\"") for value in values]


def _trained_with_smoke(run: str) -> bool:
    """Return whether Hydra has recorded `training: smoke` among the choices of a run."""
    try:
        recorded = yaml.safe_load((Path(run).expanduser() / ".hydra" / "hydra.yaml").read_text())
        return recorded["hydra"]["runtime"]["choices"]["training"] == "smoke"
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return False
