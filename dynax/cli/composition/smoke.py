"""Small evaluation and rendering for runs that were trained with `training=smoke`."""

from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString, Transformer

from dynax.cli.composition.untrusted import hydra_choice
from dynax.cli.composition.verbatim import unescaped

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
    smoke = runs and all(hydra_choice(run, "training") == "smoke" for run in runs)
    return f"{command}=smoke" if smoke else None


def _values(override: Override) -> list[str]:
    """Return the value of an override, or the values of a sweep."""
    if not override.is_sweep_override():
        return [unescaped(str(override.value()))]
    values = override.sweep_iterator(transformer=Transformer.identity)
    return [unescaped(value.text if isinstance(value, QuotedString) else str(value)) for value in values]
