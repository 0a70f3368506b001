"""Options that the inputs of a command imply.

`eval=smoke` for a run of `training=smoke`, `training=log` for a log, and the model options of the run `training.init`.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString, Transformer

from dynax.cli.composition.unfinished import AUTO
from dynax.cli.composition.untrusted import hydra_choice, saved_model
from dynax.cli.composition.verbatim import unescaped
from dynax.errors import UserError
from dynax.runs.json_files import read_json

# Names that Hydra takes verbatim
_NAME = re.compile(r"(?!(?:null|true|false|nan|inf)\Z)[a-z]\w*", re.IGNORECASE | re.ASCII)


class Implied(NamedTuple):
    """Overrides that the inputs of a command imply, and the reason for them."""

    overrides: tuple[str, ...]
    reason: str


def implied_options(command: str, overrides: Sequence[str]) -> list[Implied]:
    """Return the options that the inputs of a command imply, unless `overrides` choose other options.

    Overrides of single keys stay possible, because they apply after the choice of the option.

    Raises:
        OverrideParseException: An override is malformed.
    """
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    if command == "train":
        return [option for option in (_of_log(parsed), _of_initial_run(parsed)) if option]
    option = _of_smoke_run(command, parsed) if command in ("eval", "render", "plan") else None
    return [option] if option else []


def _of_smoke_run(group: str, parsed: Sequence[Override]) -> Implied | None:
    runs = _all_values(parsed, "run")
    if group in _keys(parsed) or not runs or any(hydra_choice(run, "training") != "smoke" for run in runs):
        return None
    return Implied((f"{group}=smoke",), f"the run was trained with training=smoke; {group}=default overrides this")


def _of_log(parsed: Sequence[Override]) -> Implied | None:
    datasets = _all_values(parsed, "dataset")
    if "training" in _keys(parsed) or not datasets or not all(map(_is_log, datasets)):
        return None
    if _all_values(parsed, "training.resume"):
        return None
    return Implied(("training=log",), "the dataset was imported from a log; training=default overrides this")


def _of_initial_run(parsed: Sequence[Override]) -> Implied | None:
    """Return the model of the run `training.init` and its options that the command line does not set.

    A sweep over several runs, another model and text that is not a name imply nothing. The command reports differences.
    """
    runs, models, keys = _all_values(parsed, "training.init"), _all_values(parsed, "model"), _keys(parsed)
    if len(runs) != 1 or set(_all_values(parsed, "training.resume")) - {AUTO, "None"}:
        return None
    options = saved_model(runs[0])
    name = _text(options.pop("architecture", None))
    if name in (None, "null") or set(models) - {name}:
        return None
    texts = {f"model.{key}": _text(value) for key, value in options.items() if _NAME.fullmatch(key)}
    words = [f"{key}={text}" for key, text in texts.items() if text is not None and key not in keys]
    return Implied((*([] if models else [f"model={name}"]), *words), "the run of training.init has these options")


def _keys(parsed: Sequence[Override]) -> set[str]:
    """Return the keys and groups that overrides set."""
    return {override.get_key_element().lstrip("+~").split("@")[0] for override in parsed}


def _text(value: Any) -> str | None:
    """Return the value of an option in the syntax of Hydra; None if it may not be text that Hydra takes verbatim."""
    if isinstance(value, list):
        entries = [_text(entry) for entry in value]
        return None if None in entries else f"[{','.join(map(str, entries))}]"
    if isinstance(value, str):
        return value if _NAME.fullmatch(value) else None
    return json.dumps(value) if value is None or isinstance(value, (bool, int, float)) else None


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
