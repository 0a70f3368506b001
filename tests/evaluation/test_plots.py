"""Plots are written without a warning and without an open figure, also for inaccurate predictions."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from dynax.evaluation import metrics, plots
from dynax.evaluation.baselines import constant_velocity, hold_last
from dynax.evaluation.scores import score
from dynax.evaluation.trajectory_plot import continuous_positions
from dynax.math import rotations


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    assert plt.get_fignums() == []


def colors(path):
    """Return the number of colors in an image. An empty plot has few of them."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        return len(image.convert("RGB").getcolors(maxcolors=2**24))


def rows(n, **changes):
    return [
        {"epoch": i, "loss": 1 / i, "val_nrmse": 2 / i, "val_valid_time_s": 0.1 * i, **changes} for i in range(1, n + 1)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 30])
def test_loss_curve(tmp_path, n):
    plots.loss_curve(tmp_path / "loss.png", rows(n), "mlp of cart_pole")
    assert colors(tmp_path / "loss.png") > 10


def test_loss_curve_of_a_diverged_model(tmp_path):
    plots.loss_curve(tmp_path / "loss.png", rows(3, val_nrmse=metrics.MAX_ERROR), "mlp of cart_pole")
    assert colors(tmp_path / "loss.png") > 10


@pytest.fixture(scope="module")
def predictions(cart_pole, trajectories):
    """Return true states, predictions with a growing error (one of them diverges), and the scores of all predictors."""
    truth = trajectories["cart_pole"].states
    predicted = truth + np.random.default_rng(0).normal(size=truth.shape) * np.linspace(0, 1, truth.shape[1])[:, None]
    predicted[0, 20:] = np.nan
    predictions = {
        "model": predicted,
        "ceiling": truth,
        "constant velocity": constant_velocity(cart_pole.space, truth),
        "hold last": hold_last(truth),
    }
    scale = metrics.state_std(cart_pole.space, truth)
    return truth, predicted, {name: score(cart_pole.space, truth, path, scale) for name, path in predictions.items()}


def test_horizon(tmp_path, predictions, cart_pole):
    plots.horizon(tmp_path / "horizon.png", predictions[2], cart_pole.dt, "title")
    assert colors(tmp_path / "horizon.png") > 10


@pytest.mark.parametrize("n", [1, 3])
def test_trajectories(tmp_path, predictions, cart_pole, n):
    truth, predicted, scores = predictions
    rows = slice(0, n)
    plots.trajectories(
        tmp_path / "t.png", cart_pole.space, truth[rows], predicted[rows], scores["model"].error[rows], "title"
    )
    assert colors(tmp_path / "t.png") > 10


def test_trajectories_that_stay_accurate_until_the_end(tmp_path, predictions, cart_pole):
    truth, _, scores = predictions
    plots.trajectories(tmp_path / "t.png", cart_pole.space, truth[:2], truth[:2], scores["ceiling"].error[:2], "title")
    assert colors(tmp_path / "t.png") > 10


def test_orientations_are_plotted_without_jumps(quadruped):
    """Plot a body that rotates on from half a turn, and a prediction that rotates back."""
    angle = np.stack([np.linspace(np.pi, 8, 50), np.linspace(np.pi, 1, 50)])
    states = np.zeros((2, 50, quadruped.state_dim))
    states[..., 3:7] = rotations.exp(angle[..., None] * np.array([0, 0, 1.0]))
    truth, predicted = continuous_positions(quadruped.space, states[:1], states[1:])
    side = np.sign(truth[0, 0, 5])
    np.testing.assert_allclose([truth[0, :, 5], predicted[0, :, 5]], side * angle, atol=1e-9)
