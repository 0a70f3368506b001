"""Trainings as sweeps: a sweep runs every combination of some robots, models and seeds."""

from collections.abc import Hashable, Iterable
from typing import Any

from benchmarks.fidelity.table import Training

Grid = tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]  # robots, models, seeds


def grids(trainings: Iterable[Training]) -> list[Grid]:
    """Return a few grids that together contain exactly the given trainings."""
    seeds = _grouped(((t.env, t.model), t.seed) for t in trainings)
    envs = _grouped(((model, s), env) for (env, model), s in seeds.items())
    models = _grouped(((e, s), model) for (model, s), e in envs.items())
    return [(e, m, s) for (e, s), m in models.items()]


def _grouped(pairs: Iterable[tuple[Any, Hashable]]) -> dict[Any, tuple[Any, ...]]:
    """Return the values of each key, in order."""
    groups: dict[Any, tuple[Any, ...]] = {}
    for key, value in pairs:
        groups[key] = (*groups.get(key, ()), value)
    return groups
