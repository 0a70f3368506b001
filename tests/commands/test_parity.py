"""Python and the command line give the same bits from the same data and seed."""

import dataclasses
import json
from pathlib import Path

import jax
import numpy as np
import pytest

import dynax as api
from dynax.architectures import LagrangianDynamicsModel, MLPDynamicsModel, RigidDynamicsModel
from dynax.config.schema import TrainingConfig
from dynax.data.dataset import Dataset
from dynax.envs import PendulumEnv
from dynax.identification import identify_model

SMOKE = {"num_epochs": 2, "batch_size": 64, "finetune_steps": 2, "val_rollouts": 4}  # of `training=smoke`


def bits(tree):
    return {jax.tree_util.keystr(key): np.asarray(x).tobytes() for key, x in jax.tree_util.tree_leaves_with_path(tree)}


def data_of(run):
    """Return the training and validation trajectories of a run."""
    dataset = Dataset.open(json.loads((Path(run) / "summary.json").read_text())["dataset"])
    return [part.read() for part in dataset.split(0.1)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "model", "optimizer"),
    [
        ("mlp", lambda env: MLPDynamicsModel(env=env, hidden_dims=(16,)), "adam"),
        ("lagrangian", lambda env: LagrangianDynamicsModel(env=env), "soap"),
    ],
)
def test_trained_parameters(workshop, name, model, optimizer):
    run = workshop.trained("pendulum", name)
    model = model(PendulumEnv())
    config = dataclasses.replace(TrainingConfig.recipe(model), **SMOKE, optimizer=optimizer)
    variables = api.train_dynamics_model(model, *data_of(run), config)
    assert bits(variables) == bits(api.load(run).params)


@pytest.mark.slow
def test_identified_constants(workshop):
    run = workshop.trained("pendulum", "rigid")
    found = identify_model(RigidDynamicsModel(env=PendulumEnv()), data_of(run)[0])
    assert bits(found.variables) == bits(api.load(run).params)
    assert json.loads((run / "identified.json").read_text()) == found.constants.table()
