"""An exception as an exit code and a message. Messages of Hydra and OmegaConf are replaced by messages for the user."""

import errno
import os
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from dynax.cli.hydra_private import root_of
from dynax.cli.signals import Stopped
from dynax.errors import DiskFullError, RunError, UserError, did_you_mean
from dynax.runs.disk import disk_full_error, is_full

_PATH_ERRORS = {
    errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EACCES, errno.EPERM, errno.EROFS,
    errno.ENAMETOOLONG, errno.ELOOP,
}  # fmt: skip

_SWEEP = "{} has several values; add -m to run one job per value"
# Patterns of Hydra's messages, and the message for the user. The group of a pattern fills in the message.
_MESSAGES = (
    (r"Ambiguous value for argument '(.+)'", _SWEEP + ", or write a list as key=[a,b]"),
    (r"Sweep parameters '(.+)' requires", _SWEEP),
    (r"does not support sweep type : (\w+)_SWEEP", "the sweeper does not support {}; separate the values by commas"),
    (r"Could not override '(.+)'", "{} is not a group of this command; --help lists the groups"),
    (r"Could not delete from config\. '(.+)' does not exist", "~{}: the key does not exist"),
    (r"Could not append to config\. An item is already at '(.+)'", "+{0}: the key already exists; write {0}=<value>"),
    (r"Missing mandatory value: (\S+)", "{}=<value> is required"),
    (r"Interpolation key '(.+)' not found", "${{{}}} refers to a key that does not exist"),
)


def explain(error: BaseException, overrides: Sequence[str] = (), folder: Path | None = None) -> tuple[int, str]:
    """Return the exit code of an error and its message.

    Args:
        error: the error.
        overrides: the overrides of the command line.
        folder: the run directory, if it is known.
    """
    match error:
        case KeyboardInterrupt():
            return 130, "interrupted"
        case Stopped():
            return 128 + error.number, str(error)
        case DiskFullError():
            return 1, str(error)
    if is_full(error):
        return 1, str(disk_full_error(Path(_filename(error) or folder or Path.cwd()), None))
    match error:
        case UserError():
            return 2, str(error)
        case RunError():
            return 1, str(error)
        case HydraException() | OmegaConfBaseException():
            return 2, _composition_error(error)
        case yaml.YAMLError():
            return 2, " ".join(str(error).split())
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.filename and cause.errno in _PATH_ERRORS:
            return 2, f"cannot access {cause.filename}: {_obstacle(cause) or cause.strerror}"
    if _raised_by_hydra(error):
        return 2, _group_without_option(overrides) or _first_lines(error)
    return 1, f"{type(error).__name__}: {_first_lines(error)}"


def _obstacle(error: OSError) -> str:
    """Return a sentence about the file or link in the place of a directory, if it is the cause of an error."""
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        path = Path(os.fsdecode(error.filename)).absolute()
        for place in (path, *path.parents):
            if place.is_symlink() and not place.exists():
                return f"{place} is a link to a place that does not exist"
            if place.exists() and not place.is_dir():
                return f"{place} is not a directory"
    return ""


def _filename(error: BaseException) -> str | None:
    """Return the file that an operating system error is about."""
    return next((str(e.filename) for e in _causes(error) if isinstance(e, OSError) and e.filename), None)


def _composition_error(error: HydraException | OmegaConfBaseException) -> str:
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _missing_option(error)
    if isinstance(error, OverrideParseException):
        return (
            f"cannot parse {error.override}; write key=value, and quote a value with special characters "
            "as 'key=\"value\"'"
        )
    for cause in _causes(error):
        if isinstance(cause, (ConfigKeyError, ConfigAttributeError)):
            return _unknown_key(cause)
    for pattern, message in _MESSAGES:
        if match := re.search(pattern, str(error)):
            return message.format(match[1])
    cause = list(_causes(error))[-1]
    if isinstance(cause, OmegaConfBaseException) and cause.full_key:
        problem = str(cause).partition("\n")[0]
        return f"{cause.full_key}: {problem.replace('DictConfig', 'a mapping').replace('ListConfig', 'a list')}"
    return _first_lines(cause)


def _missing_option(error: MissingConfigException) -> str:
    group, _, option = (error.missing_cfg_file or "").rpartition("/")
    if not group:
        return f"the primary config {option}.yaml does not exist"
    options = error.options or []
    message = f"{group}={option} does not exist{did_you_mean(option, options)}"
    return f"{message}\n{_listing(f'the options of {group} are', options)}"


def _unknown_key(error: OmegaConfBaseException) -> str:
    key, parent = str(error.full_key), error.parent_node
    is_hydra = key.startswith("hydra")
    config = OmegaConf.to_container(root_of(parent), resolve=False)
    known = [name for name in _dotted(config) if name.startswith("hydra") == is_hydra]
    group = key.rpartition(".")[0]
    siblings = [name.rpartition(".")[2] for name in known if name.rpartition(".")[0] == group]
    message = f"the key {key} does not exist{did_you_mean(key, known)}"
    head = f"the keys of {group} are" if group else "the keys are"
    return f"{message}\n{_listing(head, siblings)}" if siblings else message


def _group_without_option(overrides: Sequence[str]) -> str | None:
    """Return a message for an override such as `training=5`. Hydra's own message does not contain the override."""
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        if "." not in override.key_or_group and not isinstance(override.value(), (str, list, dict)):
            return f"{override.input_line}: the value of a group must be the name of an option; --help lists them"
    return None


def _dotted(node: object, prefix: str = "") -> Iterator[str]:
    """Yield all keys of a nested dictionary, such as `training` and `training.seed`."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield f"{prefix}{key}"
            yield from _dotted(value, f"{prefix}{key}.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _raised_by_hydra(error: BaseException) -> bool:
    """Return whether Hydra or OmegaConf itself has raised an exception, which need not be of their own classes."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__", "").split(".")[0] in ("hydra", "omegaconf")


def _listing(head: str, names: Sequence[str]) -> str:
    """Return at most two lines; --help lists all names."""
    text = f"{head} {', '.join(names)}"
    return textwrap.fill(text, 100, initial_indent="  ", subsequent_indent="    ", max_lines=2, placeholder=" ...")


def _first_lines(error: BaseException) -> str:
    """Return at most three lines of an error's message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "\n  ".join(line[:300] for line in lines[:3])
