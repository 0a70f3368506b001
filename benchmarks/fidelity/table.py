"""What a table is: rows of trainings, how they are judged, and how what they came to is shown."""

import hashlib
import json
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.common import markdown, median, valid_time

Result = Mapping[str, Any]  # one training; see `runs.result`
Render = Callable[[Sequence[Result]], str]  # results as Markdown

LARGEST = {  # with --quick
    "training.num_epochs": 2,
    "training.batch_size": 32,
    "training.checkpoint_every": 1,
    "training.unroll_epochs": 1,
    "training.finetune_steps": 2,
    "collect.num_rollouts": 12,
    "collect.rollout_length": 150,
}


@dataclass(frozen=True)
class Cell:
    """One training of a row."""

    env: str
    model: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.env}-{self.model}-{self.seed}"


@dataclass(frozen=True)
class Row:
    """One way to train, on some robots and with some models."""

    name: str  # of its folder
    envs: tuple[str, ...]
    models: tuple[str, ...] = ("mlp",)
    settings: Mapping[str, str] = field(default_factory=dict)  # overrides of `dynax train`
    label: str = ""  # of its line

    @property
    def folder(self) -> str:
        """Where its runs lie: with other settings, elsewhere."""
        return f"runs/{self.name}-{digest(dict(self.settings))}"

    def cells(self, seeds: Sequence[int]) -> Iterator[Cell]:
        for env, model, seed in product(self.envs, self.models, seeds):
            yield Cell(env, model, seed)

    def quick(self) -> "Row":
        """The row on one robot in smoke sizes, and with no larger number of its own."""
        own = {k: str(min(int(v), LARGEST[k])) if k in LARGEST else v for k, v in self.settings.items()}
        return replace(self, envs=self.envs[:1], settings=own | {"training": "smoke"})


@dataclass(frozen=True)
class Table:
    """What is trained, what is measured of it, and how it is shown."""

    name: str
    rows: tuple[Row, ...]
    render: Render
    judge: tuple[str, ...] = ()  # overrides of `dynax eval`
    measure: Callable[[Path, int], dict[str, Any]] | None = None  # further figures of a run, on so many trajectories
    trajectories: int = 0
    plot: Callable[[Path, Sequence[Result]], None] | None = None  # draws `img/<picture>`
    picture: str = ""
    brief: Render | None = None  # as the README shows it
    timed: bool = False  # wall time is a result: no training finds programs that another has compiled

    def quick(self) -> "Table":
        """The table in smoke sizes, of which rows that have become the same are one."""
        rows = {digest(dict(row.settings)) + str(row.models): row for row in map(Row.quick, reversed(self.rows))}
        return replace(self, rows=tuple(rows.values())[::-1], judge=("eval=smoke", *self.judge), trajectories=8)


def digest(content: Any) -> str:
    """Eight letters that stand for some JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]


def excerpt(columns: Sequence[str], shown: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Of a table's `columns` those to be `shown`, as Markdown; `lines` may end before the last of them."""
    places = [columns.index(name) for name in shown]
    return markdown(shown, [[line[i] for i in places] for line in lines])


def of(results: Sequence[Result], **wanted: Any) -> list[Result]:
    """The results whose row, env, model or seed is the wanted one."""
    return [r for r in results if all(r[key] == value for key, value in wanted.items())]


def values(results: Sequence[Result], *keys: str) -> list[tuple[Any, ...]]:
    """What stands under `keys`, each combination once and in its order."""
    return list(dict.fromkeys(tuple(r[key] for key in keys) for r in results))


def vpt(results: Sequence[Result], threshold: str = "0.1") -> str:
    """The median over seeds of the valid prediction time, in which a training that failed counts as zero."""
    if not results:
        return "–"
    failed = sum(r["failed"] for r in results)
    return valid_time(results, "vpt", threshold) + (f" ({failed} of {len(results)} failed)" if failed else "")


def ceiling(results: Sequence[Result]) -> str:
    """The valid prediction time of the simulator in float32."""
    there = finished(results)
    return valid_time(there, "ceiling", "0.1") if there else "–"


def middle(results: Sequence[Result], pick: Callable[[Result], float], form: str = ".2g") -> str:
    """The median over seeds of any other figure."""
    there = finished(results)
    return format(median(there, pick), form) if there else "–"


def nrmse(results: Sequence[Result], step: str = "100") -> str:
    """The median over seeds of nRMSE after so many steps."""
    return middle([r for r in finished(results) if step in r["nrmse"]], lambda r: r["nrmse"][step])


def given(lines: Sequence[Sequence[Result]]) -> tuple[list[str], str]:
    """What the models of each line were told of their robots, as letters, and what these stand for."""
    told = [[what for r in finished(line) for what in r["given"]] for line in lines]
    letters = dict(zip(dict.fromkeys(what for each in told for what in each), string.ascii_lowercase, strict=False))
    names = [" ".join(letter for what, letter in letters.items() if what in each) or "–" for each in told]
    return names, "Given: " + "; ".join(f"*{letter}* {what}" for what, letter in letters.items()) + "."


def finished(results: Sequence[Result]) -> list[Result]:
    """The trainings that did not fail."""
    return [r for r in results if not r["failed"]]
