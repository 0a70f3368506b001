"""The help page of a command: its groups, its keys with their current values, and the comments of the YAML files."""

import json
import re
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from dynax.cli.app.yaml_comments import comments
from dynax.cli.command_table import Command
from dynax.cli.composition import conf

_FLAGS = (
    ("-m, --multirun", "run one job per combination of comma-separated values"),
    ("hydra/launcher=joblib", "with -m: run the jobs in parallel"),
    ("hydra/launcher=vectorized", "with -m: train jobs that differ only in seeds and numbers as one program"),
    ("--config-dir DIR", "search DIR for more options, such as DIR/model/mine.yaml"),
    ("--cfg job", "print the composed config and run nothing"),
    ("--info defaults", "print the files that the config is composed from"),
    ("--hydra-help", "print the flags of Hydra"),
)
# The order of groups and keys on the page. The YAML files need another order, in which options can depend on others.
_ORDER = ("run", "task", "planner", "env", "model", "training", "excitation", "collect", "dataset", "plugins")


def help_text(command: Command, config_name: str, overrides: Sequence[str]) -> str:
    """Return the help page of a command, with the values that `overrides` compose. Exceptions of Hydra pass through.

    Hydra's own `--help` takes twice as long, because it lists the groups of all commands.
    """
    with initialize_config_dir(str(conf.directory()), version_base="1.3"):
        cfg = compose(config_name, list(overrides), return_hydra_config=True)
        return "\n".join(_lines(command, cfg, min(shutil.get_terminal_size().columns, 120)))


def _lines(command: Command, cfg: DictConfig, width: int) -> list[str]:
    return [
        f"dynax {command.name}: {command.summary}",
        "",
        f"Usage: dynax {command.name} [group=option ...] [key=value ...] [flags]",
        "",
        "Examples",
        *(f"  {example}" for example in command.examples),
        "",
        "Groups (* marks the chosen option) and keys with their values",
        *_groups(cfg, width),
        "Flags",
        *_two_columns(_FLAGS, width, indent=2),
    ]


def _groups(cfg: DictConfig, width: int) -> Iterator[str]:
    """Yield the lines of each group: its options, then its keys with their values and comments."""
    loader = GlobalHydra.instance().config_loader()
    key_comments = comments(loader, cfg)
    required = {
        str(group) for group, option in cfg.hydra.runtime.choices.items() if option is None and "/" not in group
    }
    present = {str(name) for name in cfg if name != "hydra"}
    names = sorted(present | required, key=lambda name: (_rank(name), name))
    for name in names:
        indent = 2
        if name in cfg.hydra.runtime.choices:
            indent = 4
            options = f"  {name}: {_options(loader, cfg, name)}"
            yield from textwrap.wrap(options, width, subsequent_indent=" " * 4, break_on_hyphens=False)
            for group in [key for key in cfg.hydra.runtime.choices if re.fullmatch(f"{name}/[^/@]+", key)]:
                yield f"    {group}: {_options(loader, cfg, group)}"
        leaves = _leaves(OmegaConf.to_container(OmegaConf.masked_copy(cfg, [name] if name in present else [])))
        rows = [(f"{key}={_value(value)}", key_comments.get(key, "")) for key, value in leaves]
        yield from _two_columns(rows, width, indent)
        yield ""


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _options(loader: ConfigLoader, cfg: DictConfig, group: str) -> str:
    """Return the options of a group. An asterisk marks the chosen option."""
    overrides = [*cfg.hydra.overrides.hydra, *cfg.hydra.overrides.task]
    options = loader.get_group_options(group, config_name=cfg.hydra.job.config_name, overrides=overrides)
    chosen = cfg.hydra.runtime.choices[group] or OmegaConf.select(cfg, f"{group.replace('/', '.')}.name")
    return "  ".join(f"*{option}" if option == chosen else option for option in options)


def _value(value: Any) -> str:
    """Return a value as the user would write it on the command line."""
    if isinstance(value, list):
        return f"[{','.join(map(_value, value))}]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if value == "???":
        return "<required>"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _leaves(node: Any, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the dotted keys and the values of a nested dictionary."""
    for key, value in node.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _two_columns(rows: Sequence[tuple[str, str]], width: int, indent: int) -> Iterator[str]:
    """Yield the lines of a table with two columns. The second column is wrapped at `width` characters."""
    second = indent + max((len(left) for left, _ in rows), default=0) + 2
    wrap = textwrap.TextWrapper(width, subsequent_indent=" " * second, break_on_hyphens=False)
    for left, right in rows:
        wrap.initial_indent = f"{' ' * indent}{left}".ljust(second)
        yield from wrap.wrap(right) or [wrap.initial_indent.rstrip()]
