"""An error as an exit code and a sentence for the user: Hydra's and OmegaConf's in our words."""

import errno
import re
import textwrap
from collections.abc import Iterator, Sequence

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import Container, DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from dynax.cli.signals import Stopped
from dynax.errors import RunError, UserError, did_you_mean

_PATH_ERRORS = {
    errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EACCES, errno.EPERM, errno.EROFS,
    errno.ENAMETOOLONG, errno.ELOOP,
}  # fmt: skip

# Hydra says these in its message only. What is named in it, and what we say.
_SWEEP = "{}: several values; add -m to run a job for each"
_MESSAGES = (
    (r"Ambiguous value for argument '(.+)'", _SWEEP + ", or write a list as key=[a,b]"),
    (r"Sweep parameters '(.+)' requires", _SWEEP),
    (r"Could not override '(.+)'", "{}= is no group of this command; --help lists them"),
    (r"Could not delete from config\. '(.+)' does not exist", "~{}: there is no such key"),
    (
        r"Could not append to config\. An item is already at '(.+)'",
        "+{0}: the key is there already; write {0}=",
    ),
    (r"Missing mandatory value: (\S+)", "{}= is missing"),
    (r"Interpolation key '(.+)' not found", "${{{}}}: there is no such key"),
)


def explain(error: BaseException, overrides: Sequence[str] = ()) -> tuple[int, str]:
    """The exit code of an error and what to say of it. `overrides` are those of the command line it came from."""
    match error:
        case KeyboardInterrupt():
            return 130, "interrupted"
        case Stopped():
            return 128 + error.number, str(error)
        case UserError():
            return 2, str(error)
        case RunError():
            return 1, str(error)
        case HydraException() | OmegaConfBaseException():
            return 2, _composition(error)
        case yaml.YAMLError():
            return 2, " ".join(str(error).split())
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.filename and cause.errno in _PATH_ERRORS:
            return 2, f"{cause.filename}: {cause.strerror}"
    if _raised_by_hydra(error):
        return 2, _group_without_name(overrides) or _brief(error)
    return 1, f"{type(error).__name__}: {_brief(error)}"


def _composition(error: HydraException | OmegaConfBaseException) -> str:
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _missing_config(error)
    if isinstance(error, OverrideParseException):
        return f"cannot read {error.override}: write key=value, and a value with special characters as 'key=\"value\"'"
    for cause in _causes(error):
        if isinstance(cause, (ConfigKeyError, ConfigAttributeError)):
            return _unknown_key(cause)
    for pattern, sentence in _MESSAGES:
        if found := re.search(pattern, str(error)):
            return sentence.format(found[1])
    cause = list(_causes(error))[-1]
    if isinstance(cause, OmegaConfBaseException) and cause.full_key:
        return f"{cause.full_key}: {str(cause).partition(chr(10))[0]}"
    return _brief(cause)


def _missing_config(error: MissingConfigException) -> str:
    group, _, option = (error.missing_cfg_file or "").rpartition("/")
    if not group:
        return f"there is no config {option}.yaml to start from"
    options = error.options or []
    text = f"{group}={option}: there is no such {group}{did_you_mean(option, options)}"
    return f"{text}\n{_listing(f'{group} is one of', options)}"


def _unknown_key(error: OmegaConfBaseException) -> str:
    key, parent = str(error.full_key), error.parent_node
    hydra = key.startswith("hydra")
    known = [name for name in _dotted(parent._get_root()) if name.startswith("hydra") == hydra]
    where = key.rpartition(".")[0]
    siblings = [name.rpartition(".")[2] for name in known if name.rpartition(".")[0] == where]
    text = f"unknown key {key}{did_you_mean(key, known)}"
    return f"{text}\n{_listing(f'{where} has' if where else 'there are', siblings)}" if siblings else text


def _group_without_name(overrides: Sequence[str]) -> str | None:
    """What to say of `training=5`: Hydra does not tell which override it means."""
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        if "." not in override.key_or_group and not isinstance(override.value(), (str, list, dict)):
            return f"{override.input_line}: a group takes the name of one of its options; --help lists them"
    return None


def _dotted(node: Container, prefix: str = "") -> Iterator[str]:
    """The keys of a config, such as `training` and `training.seed`."""
    if isinstance(node, DictConfig) and not node._is_missing() and not node._is_none():
        for key, value in node.items_ex(resolve=False):
            yield f"{prefix}{key}"
            yield from _dotted(value, f"{prefix}{key}.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _raised_by_hydra(error: BaseException) -> bool:
    """Whether Hydra itself refused something, with an exception of no class of its own."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__", "").split(".")[0] in (
        "hydra",
        "omegaconf",
    )


def _listing(head: str, names: Sequence[str]) -> str:
    return textwrap.fill(f"{head}: {', '.join(names)}", 100, initial_indent="  ", subsequent_indent="    ")


def _brief(error: BaseException) -> str:
    """At most three lines of an error's message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "\n  ".join(line[:300] for line in lines[:3])
