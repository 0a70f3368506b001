"""A comparison of the runs in a folder: their results, and the options in which they differ."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypedDict

from dynax.errors import UserError
from dynax.runs.json_files import MAX_INTEGER, Range, read_json, read_text
from dynax.runs.summary import FILE, read_summary

Number = Annotated[float, Range(0, sys.float_info.max)]
NUMBERS = ("vpt_s", "nrmse", "training_time_s", "parameters")


class _Training(TypedDict):
    best_val_valid_time_s: Number
    best_val_nrmse: Number
    training_time_s: Number
    parameters: Annotated[int, Range(0, MAX_INTEGER)]


class _Scores(TypedDict):
    nrmse: dict[str, Number]
    vpt: dict[str, dict[str, Number | bool | None]]


class _Evaluation(TypedDict):
    trained_run: str
    scores: dict[str, _Scores]


@dataclass(frozen=True)
class Entry:
    """A run with its results."""

    run: Path
    options: Mapping[str, str]  # the options on the command line that are not the same for all runs
    vpt_s: float  # median valid prediction time, s
    nrmse: float  # normalized error
    training_time_s: float
    parameters: int


@dataclass(frozen=True)
class Comparison:
    """The finished runs of one command in a folder, from the longest to the shortest valid prediction time."""

    command: str  # train or eval
    entries: tuple[Entry, ...]
    horizon: int | None  # steps after which `nrmse` is measured; None for the mean over a validation trajectory
    unfinished: int  # runs without a summary

    @classmethod
    def of(cls, folder: Path, horizon: int) -> "Comparison":
        """Compare the runs of `dynax train` or of `dynax eval` in a folder, such as the folder of a sweep.

        Args:
            folder: the folder, whose subfolders are the runs.
            horizon: control steps after which the errors of evaluations are compared.

        Raises:
            UserError: if there are no finished runs, runs of both commands, or no errors for `horizon`.
        """
        runs = sorted(path.parent for path in folder.glob("*/.hydra"))
        summaries = {run: summary for run in runs if (summary := read_summary(run)) is not None}
        commands = sorted({summary["command"] for summary in summaries.values()} & {"train", "eval"})
        if len(commands) != 1:
            found = "runs of both dynax train and dynax eval" if commands else "no finished run of dynax train or eval"
            raise UserError(f"sweep={folder} contains {found}; give the folder of a sweep of one of these commands")
        compared = [run for run, summary in summaries.items() if summary["command"] == commands[0]]
        is_test = commands[0] == "eval"
        results = [_evaluated(run, horizon) if is_test else _trained(run) for run in compared]
        trainings = [Path(summaries[run]["trained_run"]) if is_test else run for run in compared]
        options = _differences([_options(run) for run in trainings])
        entries = [Entry(run, each, **result) for run, each, result in zip(compared, options, results, strict=True)]
        entries.sort(key=lambda entry: (-entry.vpt_s, entry.nrmse))
        unfinished = len(runs) - len(summaries)
        return cls(commands[0], tuple(entries), horizon if is_test else None, unfinished)

    @property
    def error_name(self) -> str:
        """The name of the column `nrmse`."""
        return "validation nRMSE" if self.horizon is None else f"nRMSE @{self.horizon}"

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rank, the options and the results of each run."""
        for rank, entry in enumerate(self.entries, 1):
            numbers = {name: getattr(entry, name) for name in NUMBERS}
            yield {"rank": rank, **entry.options, **numbers, "run": str(entry.run)}


def _trained(run: Path) -> dict[str, Any]:
    """Return the results of a training."""
    summary = read_json(run / FILE, _Training, f"the run {run} is damaged")
    return {
        "vpt_s": summary["best_val_valid_time_s"],
        "nrmse": summary["best_val_nrmse"],
        "training_time_s": summary["training_time_s"],
        "parameters": summary["parameters"],
    }


def _evaluated(run: Path, horizon: int) -> dict[str, Any]:
    """Return the results of an evaluation, with the time and the parameters of its training."""
    summary = read_json(run / FILE, _Evaluation, f"the run {run} is not an evaluation on a simulator")
    model = summary["scores"]["model"]
    if str(horizon) not in model["nrmse"]:
        raise UserError(f"horizon={horizon}: {run} has the errors after {', '.join(model['nrmse'])} steps; choose one")
    trained = _trained(Path(summary["trained_run"]))
    return {**trained, "vpt_s": model["vpt"]["0.1"]["median_s"], "nrmse": model["nrmse"][str(horizon)]}


def _options(run: Path) -> dict[str, str]:
    """Return the options that the user gave for a training."""
    lines = read_text(run / ".hydra" / "overrides.yaml", f"the run {run} is damaged").splitlines()
    pairs = (line.removeprefix("- ").strip("'").partition("=") for line in lines if "=" in line)
    return {key.lstrip("+~"): value for key, _, value in pairs}


def _differences(options: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the options of each run that are not the same for all runs, or an empty text for the default."""
    keys = dict.fromkeys(key for each in options for key in each)
    differing = [key for key in keys if len({each.get(key) for each in options}) > 1]
    return [{key: each.get(key, "") for key in differing} for each in options]
