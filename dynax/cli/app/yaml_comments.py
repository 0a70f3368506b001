"""The comments behind the keys of YAML files, which describe the keys on the help pages."""

import re
from collections.abc import Iterator
from pathlib import Path

from hydra.core.config_loader import ConfigLoader
from hydra.types import RunMode
from omegaconf import DictConfig


def comments(loader: ConfigLoader, cfg: DictConfig) -> dict[str, str]:
    """Return the comment of each key, such as `training.seed`, from the files that `cfg` was composed from.

    If several files contain a key, the comment of the last file counts, as the value does.
    """
    folders = [Path(source.path) for source in cfg.hydra.runtime.config_sources if source.schema == "file"]
    overrides = [*cfg.hydra.overrides.hydra, *cfg.hydra.overrides.task]
    defaults = loader.compute_defaults_list(cfg.hydra.job.config_name, overrides, RunMode.RUN).defaults
    found: dict[str, str] = {}
    for default in defaults:
        for file in (folder / f"{default.config_path}.yaml" for folder in folders):
            if file.is_file():
                found.update(_comments_of(file.read_text(), default.package))
    return found


def _comments_of(text: str, package: str | None) -> Iterator[tuple[str, str]]:
    """Yield the keys and comments in the text of a YAML file whose keys belong to `package`."""
    parents: list[tuple[int, str]] = []  # indentation and name of the keys above the current line
    for line in text.splitlines():
        if match := re.match(r"( *)(\w+):(?:.* # *(.*))?", line):
            indent, key, comment = len(match[1]), match[2], match[3]
            parents = [parent for parent in parents if parent[0] < indent] + [(indent, key)]
            if comment:
                yield ".".join(filter(None, [package, *(name for _, name in parents)])), comment
