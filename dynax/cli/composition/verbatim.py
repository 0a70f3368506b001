"""Paths on the command line, taken verbatim: Hydra's syntax does not apply to `run=/data/a (1),b=c`.

A path that Dynax has printed is therefore valid input, with any characters. In a sweep, commas separate
values, so that only a value which is an existing path as a whole is taken verbatim.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

KEYS = (
    "run", "sweep", "dataset", "training.resume", "training.init", "model.base", "env.xml", "source", "mapping",
    "draft", "collect.policy",
)  # fmt: skip
LISTS = ("plugins",)

_SIMPLE = re.compile(r"[A-Za-z_/.][\w/.-]*", re.ASCII)  # Hydra takes these values verbatim, except for the words below
_WORDS = re.compile(r"null|true|false|nan|inf", re.IGNORECASE)


def quote_paths(overrides: Sequence[str], sweep: bool) -> list[str]:
    """Return the overrides with their paths in the quotes of Hydra.

    Args:
        overrides: the overrides of the command line.
        sweep: whether the command line is a sweep.
    """
    return [_quote_override(override, sweep) for override in overrides]


def unescaped(value: str) -> str:
    """Return a text value of Hydra's parser as OmegaConf returns it from a config: `\\${` is `${`."""
    return re.sub(r"(\\+)(?=\$\{)", lambda match: match[1][: len(match[1]) // 2], value)


def _quote_override(override: str, sweep: bool) -> str:
    match = re.fullmatch(r"(\+{0,2}([\w.]+)=)(.+)", override, re.DOTALL)
    if not match:
        return override
    head, key, value = match.groups()
    if key in LISTS and value[0] == "[" and value[-1] == "]":
        entries = list(_entries(value[1:-1]))
        if not sweep or all(map(_exists, entries)):
            return f"{head}[{','.join(map(_quote_path, entries))}]"
    elif key in KEYS + LISTS and (not sweep or _exists(value)):
        return head + _quote_path(value)
    return override


def _entries(text: str) -> Iterator[str]:
    """Yield the paths of a list. A comma is part of a path if there is such a file, and otherwise separates paths."""
    parts = text.split(",") if text.strip() else []
    while parts:
        ends = (end for end in range(len(parts), 1, -1) if _exists(",".join(parts[:end]).strip()))
        end = next(ends, 1)
        yield ",".join(parts[:end]).strip()
        parts = parts[end:]


def _quote_path(path: str) -> str:
    """Return a path as a value of Hydra, in quotes if necessary. `null`, and values that are quoted already, remain."""
    if path.lower() == "null" or path == "???" or not path:
        return path
    if not _exists(path) and len(path) > 1 and path[0] == path[-1] and path[0] in "'\"":
        return path
    if path[0] == "~" and (_exists(path) or not _has_home(path)):
        path = f"./{path}"  # otherwise, the home directory of a user
    if _SIMPLE.fullmatch(path) and not _WORDS.fullmatch(path):
        return path
    path = re.sub(r"(\\*)\$\{", lambda match: rf"{match[1] * 2}\${{", path)  # no interpolation
    return "'" + re.sub(r"(\\*)('|$)", lambda match: match[1] * 2 + ("\\'" if match[2] else ""), path) + "'"


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long, or a null byte
        return False


def _has_home(path: str) -> bool:
    try:
        return Path(path).expanduser() is not None
    except RuntimeError:
        return False
