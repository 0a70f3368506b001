"""`dynax.load` needs the run directory and nothing else."""

import shutil

import numpy as np
import pytest

import dynax as api


@pytest.mark.parametrize(("env", "model", "history"), [("pendulum", "mlp", 1), ("cart_pole", "transformer", 3)])
def test_a_copy_of_a_run_elsewhere(workshop, tmp_path, monkeypatch, env, model, history):
    run = shutil.copytree(workshop.trained(env, model), tmp_path / "copy")
    data = workshop.folder / "outputs" / "datasets"
    data.rename(tmp_path / "gone")
    monkeypatch.chdir(tmp_path)
    try:
        trained = api.load("copy")
    finally:
        (tmp_path / "gone").rename(data)
    assert (trained.env.name, trained.history_length) == (env, history)
    assert trained.env.mj_model.opt.timestep == trained.env.dt
    dim = trained.env.state_dim
    states = np.zeros((4, history, dim)) if history > 1 else np.zeros((4, dim))
    path = np.asarray(trained.rollout(states, np.zeros((4, history - 1 + 7, 1))))
    assert path.shape == (4, 8, dim)
    assert np.array_equal(path[:, 0], np.zeros((4, dim)))
    assert np.array_equal(path, api.load(run).rollout(states, np.zeros((4, history - 1 + 7, 1))))
