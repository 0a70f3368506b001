"""The definition of a table: rows of trainings, their evaluation, and the rendering of the results."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

Result = Mapping[str, Any]  # one training; see `trainings.result`
Render = Callable[[Sequence[Result]], str]  # results -> Markdown

QUICK_LIMITS = {  # upper bounds of settings with --quick
    "training.num_epochs": 2,
    "training.batch_size": 32,
    "training.checkpoint_every": 1,
    "training.unroll_epochs": 1,
    "training.finetune_steps": 2,
    "collect.num_rollouts": 12,
    "collect.rollout_length": 150,
}


@dataclass(frozen=True)
class Training:
    """One training of a row."""

    env: str
    model: str
    seed: int

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        return f"{self.env}-{self.model}-{self.seed}"


@dataclass(frozen=True)
class Row:
    """One set of settings, with which models of some robots are trained."""

    name: str
    envs: tuple[str, ...]
    models: tuple[str, ...] = ("mlp",)
    settings: Mapping[str, str] = field(default_factory=dict)  # overrides of `dynax train`
    label: str = ""  # shown in the table

    @property
    def folder(self) -> str:
        """Folder of the runs. Its name depends on the settings."""
        return f"runs/{self.name}-{digest(dict(self.settings))}"

    def trainings(self, seeds: Sequence[int]) -> Iterator[Training]:
        """Yield one training per robot, model and seed."""
        for env, model, seed in product(self.envs, self.models, seeds):
            yield Training(env, model, seed)

    def quick(self) -> "Row":
        """Return the row with one robot, smoke sizes and limited settings."""
        limited = {k: str(min(int(v), QUICK_LIMITS[k])) if k in QUICK_LIMITS else v for k, v in self.settings.items()}
        return replace(self, envs=self.envs[:1], settings=limited | {"training": "smoke"})


@dataclass(frozen=True)
class Table:
    """A table: its trainings, their evaluation, and its rendering."""

    name: str
    rows: tuple[Row, ...]
    render: Render
    evaluation: tuple[str, ...] = ()  # overrides of `dynax eval`
    measure: Callable[[Path, int], dict[str, Any]] | None = None  # (run, number of trajectories) -> further results
    trajectories: int = 0  # number of trajectories for `measure`
    plot: Callable[[Path, Sequence[Result]], None] | None = None  # draws `img/<picture>`
    picture: str = ""
    timed: bool = False  # wall times are results: no training uses programs that another one has compiled

    def quick(self) -> "Table":
        """Return the table in smoke sizes. Rows that become equal are merged into one row."""
        rows = {digest(dict(row.settings)) + str(row.models): row for row in map(Row.quick, reversed(self.rows))}
        evaluation = ("eval=smoke", *self.evaluation)
        return replace(self, rows=tuple(rows.values())[::-1], evaluation=evaluation, trajectories=8)


def digest(content: Any) -> str:
    """Return the first eight digits of the SHA-256 of JSON data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]
