"""Trained models of the cart pole, and the runtimes of the formats."""

from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest

from dynax import TrainedModel, TrainingConfig, architectures, train_dynamics_model
from dynax.data.trajectories import Trajectories
from dynax.evaluation.testset import make_testset

SMALL = {
    "gru": {"width": 8, "history": 3},
    "lagrangian": {},
    "mlp": {"hidden_dims": (32, 32)},
    "quadratic": {"hidden_dims": (16,), "constraints": "none"},
    "resnet": {"width": 16, "num_blocks": 1},
    "transformer": {"width": 8, "num_layers": 1, "num_heads": 2, "history": 3},
}
SHORT = TrainingConfig(num_epochs=10, batch_size=64, warmup_steps=20, optimizer="adam")


@pytest.fixture(autouse=True)
def symbolic_shapes(monkeypatch):
    """Let the checks of annotations compare symbolic shapes, which NumPy cannot broadcast."""
    monkeypatch.setattr(np, "broadcast_shapes", jnp.broadcast_shapes)


@pytest.fixture(scope="session")
def trained(cart_pole):
    """A function that returns the model of an architecture, trained for some seconds."""
    drawn = make_testset(cart_pole, 40, 0.5, 7, "piecewise_constant", 0)
    data = Trajectories(drawn.truth, drawn.actions).split(0.2)

    @cache
    def of(architecture):
        model = architectures.make(cart_pole, {"architecture": architecture, **SMALL[architecture]})
        return TrainedModel(model, train_dynamics_model(model, *data, SHORT))

    return of


@pytest.fixture(scope="session")
def test_trajectories(cart_pole):
    """Four test trajectories of one second, which start after ten steps."""
    return make_testset(cart_pole, 4, 1.0, 8, "piecewise_constant", 10)
