"""Options that the inputs of a command imply: `eval=smoke` for a run of `training=smoke`, `training=log` for a log."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString, Transformer

from dynax.cli.composition.untrusted import hydra_choice
from dynax.cli.composition.verbatim import unescaped
from dynax.errors import UserError
from dynax.runs.json_files import read_json


class Implied(NamedTuple):
    """An option of a config group, and the reason for it."""

    override: str
    reason: str


def implied_option(command: str, overrides: Sequence[str]) -> Implied | None:
    """Return the option that the inputs of a command imply, unless `overrides` choose an option of its group.

    Overrides of single keys stay possible, because they apply after the choice of the option.

    Raises:
        OverrideParseException: An override is malformed.
    """
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    group = {"eval": "eval", "render": "render", "plan": "plan", "train": "training"}.get(command)
    if group is None or any(override.get_key_element().lstrip("+~").split("@")[0] == group for override in parsed):
        return None
    if command == "train":
        datasets = _all_values(parsed, "dataset")
        if not datasets or not all(map(_is_log, datasets)) or _all_values(parsed, "training.resume"):
            return None
        return Implied("training=log", "the dataset was imported from a log; training=default overrides this")
    runs = _all_values(parsed, "run")
    if not runs or any(hydra_choice(run, "training") != "smoke" for run in runs):
        return None
    return Implied(f"{group}=smoke", f"the run was trained with training=smoke; {group}=default overrides this")


def _is_log(dataset: str) -> bool:
    """Return whether a dataset was imported. The command itself reports a damaged dataset."""
    try:
        return "log" in read_json(Path(dataset) / "manifest.json", dict, "")
    except UserError:
        return False


def _all_values(overrides: Sequence[Override], key: str) -> list[str]:
    """Return the values of a key."""
    return [value for override in overrides if override.key_or_group == key for value in _values(override)]


def _values(override: Override) -> list[str]:
    """Return the value of an override, or the values of a sweep."""
    if not override.is_sweep_override():
        return [unescaped(str(override.value()))]
    values = override.sweep_iterator(transformer=Transformer.identity)
    return [unescaped(value.text if isinstance(value, QuotedString) else str(value)) for value in values]
