"""The entries of table cells: medians over the seeds of trainings."""

import string
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.common import median
from benchmarks.fidelity.table import Result
from dynax.cli.console import duration
from dynax.evaluation.scores import share_text

NONE = "–"  # entry of a cell without a result


def select(results: Sequence[Result], **values: Any) -> list[Result]:
    """Return the results with the given values, for example of `row`, `env`, `model` or `seed`."""
    return [r for r in results if all(r[key] == value for key, value in values.items())]


def distinct(results: Sequence[Result], *keys: str) -> list[tuple[Any, ...]]:
    """Return each combination of the values of `keys` once, in the order of the results."""
    return list(dict.fromkeys(tuple(r[key] for key in keys) for r in results))


def finished(results: Sequence[Result]) -> list[Result]:
    """Return the trainings that did not fail."""
    return [r for r in results if not r["failed"]]


def median_cell(results: Sequence[Result], value: Callable[[Result], float], form: str = ".2g") -> str:
    """Return the median of a value over the finished trainings, in the format `form`."""
    done = finished(results)
    return format(median(done, value), form) if done else NONE


def vpt(results: Sequence[Result], threshold: str = "0.1") -> str:
    """Return the median valid prediction time. A failed training counts as zero."""
    if not results:
        return NONE
    failed = sum(r["failed"] for r in results)
    return _valid_time(results, "vpt", threshold) + (f" ({failed} of {len(results)} failed)" if failed else "")


def ceiling(results: Sequence[Result]) -> str:
    """Return the valid prediction time VPT(0.1) of the simulator in float32."""
    done = finished(results)
    return _valid_time(done, "ceiling", "0.1") if done else NONE


def _valid_time(results: Sequence[Result], predictor: str, threshold: str) -> str:
    """Return a median valid prediction time of the model (`vpt`) or of the `ceiling`."""
    capped = sum(r[predictor][threshold]["capped"] for r in results) * 2 > len(results)
    time = median(results, lambda r: r[predictor][threshold]["median_s"])
    digits = 2 if 0 < time < 1 else 1
    return f"{'> ' if capped else ''}{time:.{digits}f} s"


def share(results: Sequence[Result]) -> str:
    """Return the median of VPT(0.1) as a share of the ceiling; see `dynax.evaluation.scores.share_text`."""
    done = finished(results)
    if not done:
        return NONE
    bounds = [r["ceiling"]["0.1"]["capped"] and not r["vpt"]["0.1"]["capped"] for r in done]
    return share_text(median(done, lambda r: r["vpt"]["0.1"]["of_ceiling"]), sum(bounds) * 2 > len(done))


def nrmse(results: Sequence[Result], step: str = "100") -> str:
    """Return the median of nRMSE after `step` control steps."""
    return median_cell([r for r in finished(results) if step in r["nrmse"]], lambda r: r["nrmse"][step])


def parameters(results: Sequence[Result]) -> str:
    """Return the number of learned parameters."""
    return median_cell(results, lambda r: r["parameters"], ",.0f")


def time(results: Sequence[Result], key: str = "wall_s") -> str:
    """Return the median of a duration: `wall_s` of the whole command, or `training_s` of the training alone."""
    done = finished(results)
    return duration(median(done, lambda r: r[key])) if done else NONE


def given(rows: Sequence[Sequence[Result]]) -> tuple[list[str], str]:
    """Return the prior knowledge of the models of each row as letters, and the legend of the letters."""
    knowledge = [[entry for r in finished(row) for entry in r["given"]] for row in rows]
    entries = dict.fromkeys(entry for row in knowledge for entry in row)
    letters = dict(zip(entries, string.ascii_lowercase, strict=False))
    cells = [" ".join(letter for entry, letter in letters.items() if entry in row) or NONE for row in knowledge]
    return cells, "Prior knowledge: " + "; ".join(f"*{letter}* {entry}" for entry, letter in letters.items()) + "."
