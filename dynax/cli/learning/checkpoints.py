"""Checkpoints of `dynax learn`: one after each round that trained a model, with all true transitions so far."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from dynax.control.experience import Experience
from dynax.control.learning import Learning, RoundResult, TrainingResult
from dynax.data.trajectories import Trajectories
from dynax.errors import UserError
from dynax.runs import checkpoint
from dynax.runs.arrays import read_tree
from dynax.runs.history import FILE, History, Row
from dynax.runs.info import CheckpointInfo
from dynax.runs.saved_model import description, model_tree, robot_files, variables_template
from dynax.runs.sealed import read_info

ROUND = tuple(field.name for field in fields(RoundResult))[1:]  # keys of a round in `metrics.jsonl`, after `epoch`
ARRAYS = ("states", "actions")  # of the experience


class Round(Row):
    """The line of a round in `metrics.jsonl`; see `RoundResult`."""

    transitions: int
    total: float
    success: bool
    loss: float | None
    val_nrmse: float | None


class Fit(TypedDict):
    """The last training; see `TrainingResult`."""

    transitions: int
    loss: float
    val_nrmse: float


class LearningInfo(CheckpointInfo):
    """The keys that the `run.json` of a checkpoint of `dynax learn` has."""

    fit: Fit


def rows(learning: Learning) -> list[dict[str, Any]]:
    """Return the rounds as JSON data."""
    return [asdict(result) for result in learning.rounds]


def save(path: Path, config: Mapping[str, Any], learning: Learning, history: History, seconds: Sequence[float]) -> None:
    """Record the rounds that are new in `metrics.jsonl`, and write a checkpoint.

    Args:
        path: the run directory.
        config: the complete resolved config.
        learning: the learning, after a round that trained a model.
        history: the rounds of the earlier checkpoints.
        seconds: durations of the rounds of this process, s.
    """
    new = rows(learning)[len(history.rows) :]
    for row, duration in zip(new, seconds[len(seconds) - len(new) :], strict=True):
        history.append({"epoch": row.pop("number"), **row, "time_s": round(duration, 3)})
    experience, last, fit = _files(learning.experience), learning.rounds[-1], learning.fit
    assert fit is not None
    assert learning.variables is not None
    info = {
        **description(learning.model, config),
        "dataset": str(path),
        "dataset_sha256": sha256(b"".join(experience.values())).hexdigest(),
        "epoch": last.number,
        "best_epoch": last.number,
        "best_val_nrmse": fit.val_nrmse,
        "fit": asdict(fit),
    }
    trees, files = {"model": model_tree(learning.variables)}, robot_files(learning.model.env)
    checkpoint.save(path, last.number, trees, files | experience, info)


def restore(path: Path, learning: Learning) -> None:
    """Restore `learning` from the newest checkpoint of a run.

    Raises:
        UserError: if a file of the checkpoint does not have the expected content.
    """

    def read(folder: Path) -> None:
        variables = read_tree(folder / "model", variables_template(learning.model))
        info: Any = read_info(folder, LearningInfo)
        past = History(path / FILE, info["metrics"], Round).rows
        _check_rounds(path / FILE, past, info["epoch"])
        rounds = [RoundResult(row["epoch"], *(row[name] for name in ROUND)) for row in past]
        fit = TrainingResult(*(info["fit"][name] for name in Fit.__annotations__))
        segments = _read_segments(folder / "experience", learning.experience.segments)
        learning.restore(rounds, Experience(segments, rounds[-1].transitions), variables, fit)

    checkpoint.read(path, read)


def _check_rounds(path: Path, past: Sequence[Mapping[str, Any]], last: int) -> None:
    """Raise UserError if the rounds are not those from 0 to `last`, or if their transitions do not increase."""
    numbers, transitions = ([row[key] for row in past] for key in ("epoch", "transitions"))
    if numbers != list(range(last + 1)) or any(np.diff([0, *transitions]) <= 0):
        raise UserError(f"{path} is damaged: it must contain the rounds 0 to {last}, with more transitions after each")


def _files(experience: Experience) -> dict[str, bytes]:
    """Return an experience as the content of files, by path in the checkpoint."""
    files = {}
    for name in ARRAYS:
        stream = io.BytesIO()
        np.lib.format.write_array(stream, getattr(experience.segments, name), allow_pickle=False)
        files[f"experience/{name}.npy"] = stream.getvalue()
    return files


def _read_segments(folder: Path, like: Trajectories) -> Trajectories:
    """Return the segments of an experience in a checkpoint.

    Raises:
        UserError: if the files contain no segments, or others than those of the robot and the length of `like`.
    """
    states, actions = (_read_array(folder / f"{name}.npy", getattr(like, name)) for name in ARRAYS)
    if not 0 < len(states) == len(actions):
        raise UserError(f"{folder} is damaged: it has {len(states)} segments of states and {len(actions)} of actions")
    return Trajectories(states, actions)


def _read_array(path: Path, expected: np.ndarray) -> np.ndarray:
    """Return the array of a file. Raise UserError unless its entries have the type and the shape of those expected."""
    try:
        array = np.array(np.lib.format.open_memmap(path, mode="r"))  # the header may state a size above the memory
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged: {' '.join(str(error).split())}") from None
    if array.dtype != expected.dtype or array.shape[1:] != expected.shape[1:]:
        raise UserError(f"{path} contains {array.dtype} of shape {array.shape}, but expected are segments of the robot")
    return array
