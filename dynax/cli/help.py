"""`dynax <command> --help`: its groups, its keys as composed, and the comments of the YAML they come from."""

import json
import re
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from dynax.cli import conf
from dynax.cli.table import Command

_FLAGS = (
    ("-m, --multirun", "run a job for each combination of comma-separated values"),
    ("hydra/launcher=joblib", "with -m: run the jobs in parallel"),
    ("--config-dir DIR", "find more options in DIR, such as DIR/model/mine.yaml"),
    ("--cfg job", "print the composed config and run nothing"),
    ("--info defaults", "print which files the config comes from"),
    ("--hydra-help", "print the other flags, which are Hydra's"),
)


def help_text(command: Command, config_name: str, overrides: Sequence[str]) -> str:
    """The help of a command, with the keys as `overrides` compose them. Raises what Hydra raises.

    Hydra's own `--help` takes twice as long: it lists the groups of all commands, also where its template has no room.
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
        "Groups, with the option chosen (*), and keys, with their values",
        *_keys(cfg, width),
        "Flags",
        *_table(_FLAGS, width, indent=2),
    ]


def _keys(cfg: DictConfig, width: int) -> Iterator[str]:
    """The groups of the command with their options, and under each its keys with their values and comments."""
    comments = dict(_comments(cfg))
    for name in [str(name) for name in cfg if name != "hydra"]:
        indent = 2
        if name in cfg.hydra.runtime.choices:
            indent = 4
            yield from textwrap.wrap(
                f"  {name}: {_options(cfg, name)}", width, subsequent_indent=" " * 4, break_on_hyphens=False
            )
            for group in [key for key in cfg.hydra.runtime.choices if re.fullmatch(f"{name}/[^/@]+", key)]:
                yield f"    {group}: {_options(cfg, group)}"
        leaves = _leaves(OmegaConf.to_container(OmegaConf.masked_copy(cfg, [name])))
        yield from _table([(f"{key}={_value(value)}", comments.get(key, "")) for key, value in leaves], width, indent)
        yield ""


def _options(cfg: DictConfig, group: str) -> str:
    """The options of a group, the chosen one starred."""
    options = _loader().get_group_options(group, config_name=cfg.hydra.job.config_name, overrides=_overrides(cfg))
    chosen = cfg.hydra.runtime.choices[group] or OmegaConf.select(cfg, f"{group.replace('/', '.')}.name")
    return "  ".join(f"*{option}" if option == chosen else option for option in options)


def _value(value: Any) -> str:
    """A value as one would write it on the command line, short."""
    if isinstance(value, list):
        return f"[{','.join(map(_value, value))}]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _leaves(node: Any, prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _comments(cfg: DictConfig) -> Iterator[tuple[str, str]]:
    """The comment behind each key of the YAML files this config was composed from, in their order."""
    folders = [Path(source.path) for source in cfg.hydra.runtime.config_sources if source.schema == "file"]
    for default in _loader().compute_defaults_list(cfg.hydra.job.config_name, _overrides(cfg), RunMode.RUN).defaults:
        for file in (folder / f"{default.config_path}.yaml" for folder in folders):
            if file.is_file():
                yield from _comments_of(file.read_text(), default.package)


def _loader() -> ConfigLoader:
    return GlobalHydra.instance().config_loader()


def _overrides(cfg: DictConfig) -> list[str]:
    return [*cfg.hydra.overrides.hydra, *cfg.hydra.overrides.task]


def _comments_of(text: str, package: str | None) -> Iterator[tuple[str, str]]:
    """`training.seed` and its comment, from the text of a YAML file whose keys belong under `package`."""
    parents: list[tuple[int, str]] = []
    for line in text.splitlines():
        if found := re.match(r"( *)(\w+):(?:.* # *(.*))?", line):
            indent, key, comment = len(found[1]), found[2], found[3]
            parents = [parent for parent in parents if parent[0] < indent] + [(indent, key)]
            if comment:
                yield ".".join(filter(None, [package, *(name for _, name in parents)])), comment


def _table(rows: Sequence[tuple[str, str]], width: int, indent: int) -> Iterator[str]:
    """Two columns side by side, the second one wrapped."""
    second = indent + max(len(left) for left, _ in rows) + 2
    wrap = textwrap.TextWrapper(width, subsequent_indent=" " * second, break_on_hyphens=False)
    for left, right in rows:
        wrap.initial_indent = f"{' ' * indent}{left}".ljust(second)
        yield from wrap.wrap(right) or [wrap.initial_indent.rstrip()]
