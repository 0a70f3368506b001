"""`training.init`: a training starts from the parameters of another run."""

import json
import shutil

import jax
import numpy as np
import pytest

import dynax as api
from dynax.config.schema import TrainingConfig
from dynax.data.dataset import Dataset

STILL = ["training=smoke", "training.learning_rate=1e-60", "training.final_learning_rate=0", "training.ema_decay=null"]


def bits(tree):
    return [np.asarray(x).tobytes() for x in jax.tree.leaves(tree)]


def collected(dynax, *words):
    """Return a dataset with other data than those of `training=smoke`."""
    sizes = ["collect.num_rollouts=8", "collect.rollout_length=30", "collect.seed=3"]
    return dynax("collect", *sizes, *words).path


@pytest.mark.slow
def test_a_training_starts_from_the_parameters_of_a_run(workshop, dynax, tmp_path):
    """The path is relative, and has characters of Hydra. The options of the model are those of the run."""
    old, data = workshop.trained(), collected(dynax)
    shutil.copytree(old, tmp_path / "old (1)")
    ran = dynax("train", *STILL, f"dataset={data}", "training.init=old (1)")
    assert ran.err.startswith("dynax: using model=mlp model.")
    config = json.loads((ran.path / "checkpoints" / "epoch-00002" / "run.json").read_text())["config"]
    assert (config["training"]["init"], config["model"]["hidden_dims"]) == ("old (1)", [16])
    start, found = api.load(old), api.load(ran.path)
    assert bits(found.params) == bits(start.params)
    assert found.info["dataset"] == str(data)
    shutil.rmtree(tmp_path / "old (1)")
    assert dynax("train", f"training.resume={ran.path}", "training.num_epochs=3").path == ran.path
    assert bits(api.load(ran.path).params) == bits(start.params)


@pytest.mark.slow
def test_python_gives_the_same_bits(workshop, dynax):
    start, data = workshop.trained(), collected(dynax)
    run = dynax("train", "training=smoke", f"dataset={data}", f"training.init={start}", "training.optimizer=adam").path
    trained = api.load(start)
    settings = {"num_epochs": 2, "batch_size": 64, "finetune_steps": 2, "val_rollouts": 4, "optimizer": "adam"}
    config = TrainingConfig(**{**vars(TrainingConfig.recipe(trained.model)), **settings})
    parts = [part.read() for part in Dataset.open(data).split(0.1)]
    variables = api.train_dynamics_model(trained.model, *parts, config, init=trained.params)
    assert bits(variables) == bits(api.load(run).params)


@pytest.mark.slow
def test_a_saved_model_is_a_start(workshop, dynax, tmp_path):
    saved = api.load(workshop.trained()).save(tmp_path / "saved")
    run = dynax("train", *STILL, f"dataset={collected(dynax)}", f"training.init={saved}").path
    assert bits(api.load(run).params) == bits(api.load(saved).params)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=gru"], "model.architecture is mlp in the run, not gru; choose the option of the run"),
        (["model.hidden_dims=[17]"], "model.hidden_dims is [16] in the run, not [17]; choose the option of the run"),
        (["env=cart_pole"], "the list of joint coordinates is ['hinge'] in the run, not "),
        (["env.observe=[qpos]"], "the list of observed coordinates is "),
    ],
)
def test_another_model_or_robot_is_rejected(workshop, dynax, words, message):
    start = workshop.trained()
    ran = dynax("train", "training=smoke", f"training.init={start}", *words)
    assert (ran.code, ran.out) == (2, "")
    last = ran.err.splitlines()[-1]
    assert f"training.init={start}: {message}" in last
    assert not dynax.made()


@pytest.mark.parametrize("path", ["nowhere", "folder"])
def test_other_paths_are_rejected(dynax, tmp_path, path):
    (tmp_path / "folder").mkdir()
    ran = dynax("train", f"training.init={path}")
    [line] = ran.err.splitlines()
    assert (ran.code, ran.out) == (2, "")
    assert line.endswith(
        f"training.init={path}: the path is neither a training run with a checkpoint nor a saved model"
    )


@pytest.mark.slow
def test_linear_identification_has_no_start(workshop, dynax):
    ran = dynax("train", "model=rigid", f"training.init={workshop.trained('pendulum', 'rigid')}")
    assert (ran.code, ran.out) == (2, "")
    assert "training.init has no effect with model=rigid, whose constants are computed by linear least" in ran.err


@pytest.mark.slow
def test_a_fit_to_simulation_errors_starts_from_the_constants_of_a_run(dynax, tmp_path):
    """A single step cannot correct a start with ten times the damping. The constants of the MJCF need no correction."""
    (tmp_path / "heavy.xml").write_text(HEAVY)
    fit = ["training.finetune=levenberg_marquardt", "training.finetune_steps=1", "training.finetune_horizons=[2]"]
    words = ["train", "env=mjcf", "env.xml=heavy.xml", "model=rigid", *fit]
    words.append(f"dataset={collected(dynax, 'env=mjcf', 'env.xml=heavy.xml')}")
    run = dynax(*words).path
    trained = api.load(run)
    trained.params["params"]["network"]["damping"] *= 10
    trained.save(tmp_path / "damped")
    far = dynax(*words, f"training.init={tmp_path / 'damped'}").path
    near, damped = (api.load(path).params["params"]["network"]["damping"] for path in (run, far))
    assert abs(near - 0.2) < 0.01 < abs(damped - 0.2)


HEAVY = """<mujoco><option timestep="0.01"/><worldbody><body><joint name="hinge" axis="0 1 0" damping="0.2"/>
<geom type="capsule" size="0.02" fromto="0 0 0 0 0 -0.7" mass="1.6"/></body></worldbody>
<actuator><motor joint="hinge" ctrlrange="-2 2" ctrllimited="true"/></actuator></mujoco>"""


@pytest.mark.slow
def test_fine_tuning_on_few_data_is_better_than_training_from_scratch(dynax, tmp_path):
    """The start has learned a pendulum with another mass and length."""
    for name, mjcf in {"old": HEAVY.replace("1.6", "1.0").replace("-0.7", "-0.5"), "new": HEAVY}.items():
        (tmp_path / f"{name}.xml").write_text(mjcf)
    network = ["model=mlp", "model.hidden_dims=[32]", "training.optimizer=adam", "training.patience=null"]
    many = ["collect.num_rollouts=100", "collect.rollout_length=100", "training.num_epochs=15"]
    few = ["collect.num_rollouts=6", "collect.rollout_length=40", "training.num_epochs=60", "training.val_fraction=0.2"]
    start = dynax("train", "env=mjcf", "env.xml=old.xml", *network, *many).path
    new = ["env=mjcf", "env.xml=new.xml", *few, "training.optimizer=adam"]
    tuned = dynax("train", *new, f"training.init={start}").path
    scratch = dynax("train", *new, *network).path
    errors = [json.loads((run / "summary.json").read_text())["best_val_nrmse"] for run in (tuned, scratch)]
    assert errors[0] < errors[1] / 2, errors
