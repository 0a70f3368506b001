"""Open-loop predictions of recorded trajectories: windows that start at regular times, and whole simulations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from dynax.data.dataset import Dataset
from dynax.data.whole import WholeTrajectory, whole_trajectories
from dynax.errors import UserError
from dynax.evaluation.baselines import constant_velocity, hold_last
from dynax.evaluation.metrics import MAX_ERROR
from dynax.trained import TrainedModel

BATCH = 256  # predictions at once


@dataclass(frozen=True, eq=False)
class Predictions:
    """True and predicted states from time zero on. Shorter trajectories are padded, and `valid` marks their steps."""

    truth: Float[np.ndarray, "N steps S"]
    valid: Bool[np.ndarray, "N steps"]
    predicted: dict[str, Float[np.ndarray, "N steps S"]]  # by predictor


def test_part(dataset: Dataset, trained: TrainedModel) -> Dataset:
    """Return the trajectories of a dataset on which a model can be tested.

    These are the trajectories that were kept for testing. Without any, these are all trajectories, unless the model was
    trained on them.

    Raises:
        UserError: if the dataset is of another robot, or the model was trained on all of its trajectories.
    """
    dataset.check_robot(trained.env)
    part = dataset.kept_for_testing()
    if len(part):
        return part
    if dataset.sha256 == trained.info.get("dataset_sha256"):
        raise UserError(
            f"dataset={dataset.path}: the model was trained on all of its trajectories; import the log with `test:` or "
            "`test_fraction:` in its mapping, or give another dataset"
        )
    return dataset


def windows(trained: TrainedModel, paths: Sequence[WholeTrajectory], seconds: float, stride: float) -> Predictions:
    """Predict windows of `seconds` that start every `stride` seconds.

    Raises:
        UserError: if no trajectory is long enough.
    """
    dt, h = trained.env.dt, trained.history_length
    steps, every = max(1, round(seconds / dt)), max(1, round(stride / dt))
    first = -(-(h - 1) // every) * every
    spans = [(path, s) for path in paths for s in range(first, len(path.actions) - steps + 1, every)]
    if not spans:
        longest = max(len(path.actions) for path in paths) * dt
        raise UserError(
            f"window_seconds={seconds:g} is too long: the longest test trajectory has {longest:g} s, including a "
            f"history of {h} states",
            "window_seconds",
        )
    states = np.stack([path.states[s - h + 1 : s + steps + 1] for path, s in spans])
    actions = np.stack([path.actions[s - h + 1 : s + steps] for path, s in spans])
    return _predict(trained, states, actions, np.ones((len(spans), steps + 1), bool))


def simulations(trained: TrainedModel, paths: Sequence[WholeTrajectory]) -> Predictions:
    """Predict whole trajectories from their first states."""
    h, steps = trained.history_length, max(len(path.actions) for path in paths)
    kept = [path for path in paths if len(path.actions) > h]
    states = np.stack([_padded(path.states, steps + 1) for path in kept])
    actions = np.stack([_padded(path.actions, steps) for path in kept])
    lengths = np.array([len(path.states) for path in kept])
    valid = np.arange(steps + 1) < lengths[:, None]
    return _predict(trained, states, actions, valid[:, h - 1 :])


def _padded(array: np.ndarray, length: int) -> np.ndarray:
    """Repeat the last row of an array up to a length."""
    return np.concatenate([array, np.repeat(array[-1:], length - len(array), axis=0)])


def _predict(trained: TrainedModel, states: np.ndarray, actions: np.ndarray, valid: np.ndarray) -> Predictions:
    """Predict trajectories whose first h states are the history."""
    h, space = trained.history_length, trained.env.space
    start = states[:, 0] if h == 1 else states[:, :h]
    parts = [slice(i, i + BATCH) for i in range(0, len(states), BATCH)]
    model = np.concatenate([np.asarray(trained.rollout(start[part], actions[part])) for part in parts])
    truth = states[:, h - 1 :]
    predicted = {
        "model": model.astype(np.float64),
        "constant velocity": constant_velocity(space, truth),
        "hold last": hold_last(truth),
    }
    return Predictions(truth, valid, predicted)


def errors(trained: TrainedModel, predictions: Predictions) -> dict[str, Float[np.ndarray, "N steps C"]]:
    """Return the absolute error of each tangent coordinate, by predictor; NaN outside the trajectories.

    An error that is not finite, or exceeds `MAX_ERROR` standard deviations of the truth, counts as this many.
    """
    space = trained.env.space
    limit = MAX_ERROR * np.maximum(space.difference(space.default_state, predictions.truth).std(axis=(0, 1)), 1e-12)
    result = {}
    for name, path in predictions.predicted.items():
        with np.errstate(invalid="ignore", over="ignore"):
            error = np.abs(space.difference(predictions.truth, path))
        error = np.where(np.isfinite(error), np.minimum(error, limit), limit)
        result[name] = np.where(predictions.valid[..., None], error, np.nan)
    return result


def load_test(dataset: Dataset, trained: TrainedModel) -> list[WholeTrajectory]:
    """Return the test trajectories of a dataset."""
    return whole_trajectories(test_part(dataset, trained))
