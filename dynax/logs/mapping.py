"""The mapping: which columns of a log are the time, the positions, the velocities and the actions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dynax.config.bounds import MAX_SECONDS
from dynax.config.options import section
from dynax.config.yaml_text import parse_yaml
from dynax.envs.unsupported import MAX_TIMESTEP, MIN_TIMESTEP
from dynax.errors import UserError, check_choice, check_optional, check_range, config_section, did_you_mean
from dynax.logs.units import UNITS, UNKNOWN, check_unit, guess_unit
from dynax.math.numeric_input import MAX_VALUE
from dynax.runs.json_files import read_text

KINDS = ("angle", "length")
MIN_SCALE, MAX_SCALE = 1e-15, 1e15  # a smaller or larger factor is a mistake: no unit and no encoder needs it
PLAIN_NAME = re.compile(r"(?!\.)(?=.*\w)[^/\\\x00-\x1f\ud800-\udfff]+")  # a part of a path, and not a hidden one
TABLES = ("units", "kinds", "scale", "offset", "wrap")  # keys with an entry for some of the columns


@dataclass(frozen=True)
class LogMapping:
    """The mapping of a log. Its fields are the keys of the YAML file.

    A value of the dataset is `scale` times the value of the log in SI units, plus `offset`.
    """

    qpos: tuple[str, ...]  # columns of the positions
    qvel: tuple[str, ...] = ()  # columns of the velocities; empty: estimated from the positions
    action: tuple[str, ...] = ()  # columns of the actions
    time: str | None = None  # column of the time stamps
    dt: float | None = None  # sampling interval of a log without time stamps, s
    name: str | None = None  # name of the machine; by default that of the source
    units: Mapping[str, str] = field(default_factory=dict)  # {column: unit}; such columns are converted to SI units
    kinds: Mapping[str, str] = field(default_factory=dict)  # {column: angle or length}
    scale: Mapping[str, float] = field(default_factory=dict)  # {column: factor}, for example -1 for another sign
    offset: Mapping[str, float] = field(default_factory=dict)  # {column: added value}
    wrap: Mapping[str, float] = field(default_factory=dict)  # {column: period at which an encoder starts again}
    resample: float | None = None  # control step of the dataset, s; by default the median interval
    gap: float | None = None  # longest interval without samples that is interpolated, s; default: 5 intervals
    smooth_hz: float | None = None  # bandwidth of estimated velocities, Hz; by default chosen from the data
    block: float | None = None  # length of the trajectories of the dataset, s
    episode: str | None = None  # column whose value changes where a new trajectory begins
    test: tuple[str, ...] = ()  # files or episodes that are kept for testing
    test_fraction: float | None = None  # share at the end of the log that is kept for testing; default: 0.1
    mjcf: str | None = None  # MJCF or URDF of the machine, relative to the mapping

    def __post_init__(self):
        if not self.qpos:
            raise UserError("qpos=[] is empty: it must list the columns of the positions", "qpos")
        if self.qvel and len(self.qvel) != len(self.qpos):
            raise UserError(
                f"qvel has {len(self.qvel)} columns, and qpos has {len(self.qpos)}: give one per position, or none",
                "qvel",
            )
        if self.time is not None and self.dt is not None:
            raise UserError("dt and time are both given: remove one of them", "dt")
        if self.test and self.test_fraction is not None:
            raise UserError("test_fraction and test are both given: remove one of them", "test_fraction")
        if self.name is not None and not PLAIN_NAME.fullmatch(self.name):
            raise UserError(f"name={self.name!r} must be a plain name: no path, and no point at the beginning", "name")
        for name in ("dt", "resample"):
            check_optional(name, getattr(self, name), MIN_TIMESTEP, MAX_TIMESTEP)
        for name in ("gap", "block"):
            check_optional(name, getattr(self, name), 0, MAX_SECONDS, open_low=True)
        check_optional("smooth_hz", self.smooth_hz, 0, 1 / MIN_TIMESTEP, open_low=True)
        if self.test_fraction is not None:
            check_range("test_fraction", self.test_fraction, 0, 0.9)
        self._check_tables()

    def _check_tables(self) -> None:
        """Check that each entry of a table belongs to a column of the mapping, and that no column occurs twice."""
        for name in (columns := self.columns):
            if not name.strip():
                raise UserError("the mapping contains a column without a name: name the column in the log")
            if re.search(r"[\ud800-\udfff]", name):
                raise UserError(f"the column {name!r} contains characters that are not UTF-8: rename it in the log")
            if columns.count(name) > 1:
                raise UserError(f"the column {name} occurs twice: each column has one meaning")
        for key in TABLES:
            for column in getattr(self, key):
                if column not in columns:
                    raise UserError(
                        f"{key}.{column}: the mapping has no such column{did_you_mean(column, columns)}; its columns "
                        f"are {', '.join(columns)}",
                        f"{key}.{column}",
                    )
                if column == self.time and key != "units":
                    text = "the time stamps have only a unit, which `units:` converts"
                    raise UserError(f"{key}.{column}: {text}", f"{key}.{column}")
        for column, unit in self.units.items():
            check_unit(f"units.{column}", unit)
        for column, kind in self.kinds.items():
            check_choice(f"kinds.{column}", kind, KINDS)
            if column not in self.qpos:
                raise UserError(f"kinds.{column}: only positions have a kind; remove the entry", f"kinds.{column}")
        for column, factor in self.scale.items():
            if not MIN_SCALE <= abs(factor) <= MAX_SCALE:  # true for NaN
                text = f"its absolute value must be at least {MIN_SCALE:g} and at most {MAX_SCALE:g}"
                raise UserError(f"scale.{column}={factor:g} is out of range: {text}", f"scale.{column}")
        for column, value in self.offset.items():
            check_range(f"offset.{column}", value, -MAX_VALUE, MAX_VALUE)
        for column, period in self.wrap.items():
            check_range(f"wrap.{column}", period, 0, MAX_VALUE, open_low=True)

    @property
    def columns(self) -> list[str]:
        """All columns, in the order time, positions, velocities, actions."""
        return [*([self.time] if self.time else []), *self.qpos, *self.qvel, *self.action]

    def unit(self, column: str) -> str:
        """Return the unit of a column in the dataset: SI if `units` lists the column, otherwise that of the log."""
        if column in self.units:
            return UNITS[self.units[column]][0]
        return guess_unit(column) or UNKNOWN

    def kind(self, column: str) -> str:
        """Return whether a position is an angle in rad, or a length or another number."""
        return self.kinds.get(column) or ("angle" if self.unit(column) == "rad" else "length")


def read_mapping(path: Path) -> LogMapping:
    """Return the mapping in a YAML file.

    Raises:
        UserError: if the file cannot be read, or a key or value is wrong.
    """
    text = read_text(path, f"mapping={path}")
    try:
        content = parse_yaml(text)
    except UserError as error:
        raise UserError(f"mapping={path}: {error}") from None
    if not isinstance(content, Mapping):
        raise UserError(f"mapping={path} must contain keys and values, such as `qpos: [position_rad]`")
    if "qpos" not in content:
        raise UserError(f"mapping={path} has no key qpos, which lists the columns of the positions")
    with config_section("mapping"):
        return section(LogMapping, {str(key): value for key, value in content.items()}, "mapping")
