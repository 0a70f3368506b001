"""`TrainedModel`: saved and loaded models predict the same bits."""

import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from toys import Linear

import dynax
from dynax import architectures, envs
from dynax.base import BaseDynamicsModel
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.errors import UserError
from dynax.runs import checkpoint
from dynax.runs.saved_model import config_of
from dynax.trained import TrainedModel, load
from dynax.training.normalization import normalization_of

SMALL = {"hidden_dims": [4], "activation": "tanh"}
STATES, ACTIONS = np.full((2, 4), 0.3), np.full((2, 7, 1), 0.5)


def untrained(model, data):
    """Return the model with random parameters."""
    return TrainedModel(model, model.create(jax.random.PRNGKey(0), normalization_of(model, data)))


def small(env, architecture="mlp", **options):
    sizes = SMALL if architecture == "mlp" else {}
    return architectures.make(env, {"architecture": architecture, **sizes, **options})


@pytest.fixture(scope="module")
def data(trajectories):
    return trajectories["cart_pole"].split(0.25)


@pytest.fixture(scope="module")
def model(robots, data):
    return untrained(small(robots["cart_pole"]), data[0])


def same(one, other, states=STATES, actions=ACTIONS):
    return np.array_equal(one.rollout(states, actions), other.rollout(states, actions))


def message(path, **options):
    """Return the error of `load`, which is one line."""
    with pytest.raises(UserError) as error:
        load(path, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_loaded_model_predicts_the_same_bits(model, original):
    loaded = load(original)
    assert same(loaded, model)
    assert jax.tree.structure(loaded.params) == jax.tree.structure(dict(model.params))
    assert (loaded.env.name, loaded.env.dt, loaded.env.mj_model.nv, loaded.history_length) == ("cart_pole", 0.01, 2, 1)
    assert loaded.observed.tolist() == [True] * 4
    assert loaded.info["versions"]["jax"] == jax.__version__


def test_a_loaded_model_can_be_saved_again(model, original, tmp_path):
    assert same(load(load(original).save(tmp_path / "again")), model)


@pytest.mark.parametrize(
    ("architecture", "options"),
    [("transformer", {"width": 8, "num_layers": 1, "num_heads": 2, "history": 3}), ("mlp", {"ensemble_size": 2})],
)
def test_sequence_models_and_ensembles_are_saved(robots, data, tmp_path, architecture, options):
    model = untrained(small(robots["cart_pole"], architecture, **options), data[0])
    h = model.history_length
    states = np.full((2, 4), 0.3) if h == 1 else np.full((2, h, 4), 0.3)
    assert same(load(model.save(tmp_path / "model")), model, states, np.full((2, h + 6, 1), 0.5))


def test_a_step_is_the_first_step_of_a_rollout(model, robots, data):
    assert np.array_equal(model.step(STATES, ACTIONS[:, 0]), model.rollout(STATES, ACTIONS)[:, 1])
    windowed = untrained(small(robots["cart_pole"], history=3), data[0])
    states, actions = np.full((2, 3, 4), 0.3), np.full((2, 5, 1), 0.5)
    assert np.array_equal(windowed.step(states, actions[:, :3]), windowed.rollout(states, actions)[:, 1])
    with pytest.raises(UserError, match=r"actions have shape \(2, 7, 1\), but one step expects \(B, 1, 1\)"):
        model.step(STATES, ACTIONS)


WEDGE = b"v 0 0 0\nv .1 0 0\nv 0 .1 0\nv 0 0 .1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
MESHED = """<mujoco><asset><mesh name="wedge" file="wedge.obj"/></asset><worldbody><body><joint axis="0 1 0"/>
<geom type="mesh" mesh="wedge" pos="0 0 -.3"/></body></worldbody><actuator><motor joint="" name="m"/></actuator>
</mujoco>""".replace('<joint axis="0 1 0"/>', '<joint name="j" axis="0 1 0"/>').replace('joint=""', 'joint="j"')


def test_a_robot_with_assets_is_saved_with_them(tmp_path):
    (tmp_path / "wedge.obj").write_bytes(WEDGE)
    (tmp_path / "wedge.xml").write_text(MESHED)
    env = envs.Env(tmp_path / "wedge.xml")
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (4, 9, 1))
    data = Trajectories(simulate(env, env.sample_states(rng, 4), actions, "native"), actions)
    model = untrained(small(env), data)
    path = model.save(tmp_path / "model")
    (tmp_path / "wedge.obj").unlink()
    (tmp_path / "wedge.xml").unlink()
    loaded = load(path)
    assert (loaded.env.name, loaded.env.mj_model.nmesh) == ("wedge", 1)
    assert same(loaded, model, data.states[:2, 0], data.actions[:2])


def test_a_robot_without_actuators_is_saved(tmp_path):
    env = envs.Env("<mujoco><worldbody><body><joint/><geom size='.1' pos='.3 0 0'/></body></worldbody></mujoco>")
    states = env.sample_states(np.random.default_rng(0), 4)
    data = Trajectories(simulate(env, states, np.zeros((4, 9, 0)), "native"), np.zeros((4, 9, 0)))
    model = untrained(small(env), data)
    loaded = load(model.save(tmp_path / "model"))
    assert same(loaded, model, states, np.zeros((4, 9, 0)))
    assert loaded.params["normalization"]["actions"]["mean"].shape == (0,)


class Own(BaseDynamicsModel):
    """A model that is not part of Dynax."""

    width: int = 4

    @nn.compact
    def __call__(self, states, actions, training=False):
        return nn.Dense(self.target_dim)(nn.relu(nn.Dense(self.width)(jnp.concatenate([states[-1], actions[-1]]))))


def test_a_class_from_outside_is_loaded_if_it_is_passed(robots, data, tmp_path):
    model = untrained(Own(env=robots["cart_pole"], width=3), data[0])
    path = model.save(tmp_path / "model")
    told = message(path)
    assert "needs the class Own (model.architecture=" in told
    assert "pass it as dynax.load(..., classes=[Own]), or name its file in plugins=[...]" in told
    loaded = load(path, classes=[Own])
    assert (type(loaded.model), loaded.model.width) == (Own, 3)
    assert same(loaded, model)


def test_another_class_from_the_same_module_is_not_taken_for_the_saved_one(robots, data, tmp_path):
    path = untrained(Own(env=robots["cart_pole"]), data[0]).save(tmp_path / "model")
    assert "needs the class Own" in message(path, classes=[type("Other", (Own,), {"__module__": Own.__module__})])


def test_the_robot_is_that_of_the_saved_model(robots, data, tmp_path):
    """A newer version of Dynax may ship another one."""
    slower = envs.make({"name": "cart_pole"}, mjcf=robots["cart_pole"].mjcf.replace('"0.01"', '"0.005"'))
    assert load(untrained(small(slower), data[0]).save(tmp_path / "model")).env.dt == 0.005


def test_another_process_needs_no_other_file(saved, model):
    """It runs in another directory, with a relative path, and imports nothing that only a training needs."""
    code = """if True:
        import sys, numpy as np, dynax, dynax.trained
        assert not {"orbax", "tensorstore"} & set(sys.modules)  # only reading arrays needs them
        model = dynax.load("model")
        training = {"dynax.cli", "dynax.data", "dynax.evaluation", "dynax.training", "hydra", "matplotlib", "optax"}
        assert not {"omegaconf", *training} & set(sys.modules)
        np.save("path.npy", model.rollout(np.full((2, 4), 0.3), np.full((2, 7, 1), 0.5)))"""
    subprocess.run([sys.executable, "-c", code], cwd=saved.parent, check=True)
    assert np.array_equal(np.load(saved.parent / "path.npy"), model.rollout(STATES, ACTIONS))


def test_text_and_relative_paths_are_accepted(saved, model, monkeypatch):
    monkeypatch.chdir(saved.parent)
    for path in ("model", Path("model"), saved):
        assert same(load(path), model)


def test_damage_is_reported(saved):
    (saved / "robot.xml").write_text("<mujoco/>")
    assert message(saved).startswith("the checkpoint is damaged: the SHA-256 of ")


def test_an_option_that_this_version_does_not_have_is_reported(robots, data, tmp_path):
    model = untrained(small(robots["cart_pole"]), data[0])
    config = config_of(model.model)
    config["model"]["depth"] = 3
    path = TrainedModel(model.model, model.params, config).save(tmp_path / "model")
    assert "unknown key model.depth" in message(path)


def test_arrays_of_another_architecture_are_reported(robots, data, tmp_path):
    model = untrained(small(robots["cart_pole"]), data[0])
    config = config_of(small(robots["cart_pole"], hidden_dims=[5]))
    path = TrainedModel(model.model, model.params, config).save(tmp_path / "model")
    assert "does not have the arrays that its config describes" in message(path)


def test_a_missing_plugin_is_reported(saved):
    info = json.loads((saved / "run.json").read_text())
    info["plugins"] = [{"name": "mine", "path": "/plugins/mine.py", "sha256": "0"}]
    (saved / "run.json").write_text(json.dumps(info))
    with pytest.raises(UserError, match=r"needs the plugin `mine` \(/plugins/mine.py\)"):
        dynax.runs.saved_model.read_saved(saved)


def test_other_directories_are_not_overwritten(model, tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(UserError, match=f"^{tmp_path} exists and is not a saved model: choose another path$"):
        model.save(tmp_path)
    assert (tmp_path / "thesis.txt").exists()
    path = model.save(tmp_path / "model")
    assert model.save(path) == path


def test_a_linear_model_of_a_notebook_is_saved(slide, sliding, tmp_path):
    model = untrained(Linear(env=slide), sliding[0])
    args = sliding[0].states[:2, 0], sliding[0].actions[:2]
    assert same(load(model.save(tmp_path / "model"), classes=[Linear]), model, *args)
    assert checkpoint.latest(tmp_path / "model") == tmp_path / "model"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load(None), "run must be a path, not NoneType"),
        (lambda: load("x", plugins="a.py"), "plugins must be a list of files, not str"),
        (lambda: load("x", classes=["Mine"]), "classes must be a list of classes, not str"),
        (lambda: TrainedModel(None, None).save(5), "path must be a path, not int"),
    ],
)
def test_arguments_of_other_types_are_named(call, message):
    with pytest.raises(UserError, match=f"^{message}$"):
        call()
