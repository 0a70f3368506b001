"""`dynax.load` needs only the run directory."""

import shutil

import numpy as np
import pytest
from marks import slow

import dynax as api


@pytest.mark.parametrize(("env", "model", "history"), [("pendulum", "mlp", 1), *slow(("cart_pole", "transformer", 3))])
def test_a_copied_run_is_loaded_without_its_dataset(workshop, tmp_path, monkeypatch, env, model, history):
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


MESHED = """<mujoco><option timestep="0.01"/><asset><mesh name="wedge" file="parts/wedge.obj"/></asset>
<worldbody><body><joint name="swing" axis="0 1 0"/><geom type="mesh" mesh="wedge" pos="0 0 -.3"/></body></worldbody>
<actuator><motor joint="swing"/></actuator></mujoco>"""
WEDGE = "v 0 0 0\nv .1 0 0\nv 0 .1 0\nv 0 0 .1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"


@pytest.mark.slow
def test_a_run_of_a_robot_with_a_mesh_contains_its_files(dynax):
    folder = dynax.folder / "robot"
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "wedge.obj").write_text(WEDGE)
    (folder / "wedge.xml").write_text(MESHED)
    run = dynax.smoke("env=mjcf", f"env.xml={folder / 'wedge.xml'}").path
    shutil.rmtree(folder)
    assert api.load(run).env.mj_model.nmesh == 1
    assert (dynax("eval", f"run={run}", "eval=smoke").path / "summary.json").exists()
    picture = ["render.backend=software", "render.seconds=0.2", "render.width=96", "render.height=64"]
    assert (dynax("render", f"run={run}", *picture).path / "trajectory.gif").exists()
    more = dynax("train", f"training.resume={run}", "training.num_epochs=3")
    assert more.path == run
