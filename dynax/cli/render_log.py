"""The clip of a prediction of a recorded trajectory: curves over time."""

from collections.abc import Iterator

import numpy as np

from dynax.architectures.description import title
from dynax.config.schema import RenderConfig
from dynax.data.dataset import Dataset
from dynax.data.whole import WholeTrajectory
from dynax.evaluation import metrics
from dynax.evaluation.log_predictions import load_test, simulations
from dynax.render import curve_frames
from dynax.trained import TrainedModel


def log_clip(
    trained: TrainedModel, dataset: Dataset, config: RenderConfig
) -> tuple[Iterator[np.ndarray], np.ndarray, int]:
    """Return the frames of a clip, the normalized error (1, T + 1), and the number of frames.

    The clip shows the first `render.seconds` of the longest test trajectory.
    """
    space, h = trained.env.space, trained.history_length
    paths = load_test(dataset, trained)
    longest = max(paths, key=lambda path: len(path.actions))
    steps = min(len(longest.actions), h - 1 + max(1, round(config.seconds / trained.env.dt)))
    cut = WholeTrajectory(longest.name, longest.states[: steps + 1], longest.actions[:steps])
    whole = simulations(trained, [cut])
    truth, predicted = whole.truth, whole.predicted["model"]
    std = metrics.state_std(space, np.concatenate([path.states for path in paths]))
    error = metrics.normalized_error(space, truth, predicted, std)
    labels = [f"{name} [{unit}]" for name, unit in zip(space.names, space.units, strict=False)]
    frames = curve_frames(
        labels, space.positions(truth)[0], space.positions(predicted)[0], trained.env.dt,
        fps=config.fps, speed=config.speed, size=(config.width, config.height),
        title=f"{title(trained.model)}: {longest.name}",
    )  # fmt: skip
    return frames, error, int((truth.shape[1] - 1) * trained.env.dt / config.speed * config.fps) + 1
