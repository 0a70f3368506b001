"""Checkpoints: every bit comes back, and what is no longer what was written is named in a line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from marks import slow

from dynax import architectures, envs
from dynax.config.registry import OPTIMIZERS
from dynax.config.schema import TrainingConfig
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.errors import UserError
from dynax.runs import checkpoint
from dynax.trained import load, load_state
from dynax.training import fitting

CONFIG = {
    "env": {"name": "cart_pole"},
    "model": {"architecture": "mlp", "hidden_dims": [4], "activation": "tanh"},
    "training": {"num_epochs": 3, "batch_size": 64},
}
TRAINING = TrainingConfig(num_epochs=3, batch_size=64)
STATES, ACTIONS = np.full((2, 4), 0.3), np.full((2, 7, 1), 0.5)


def write(run, state, normalization, env, info):
    """A checkpoint of a training's state."""
    trees = {"model": {"params": state.best, "normalization": dict(normalization)}, "training": state}
    return checkpoint.save(run, int(state.epoch), trees, env.mjcf, env.assets, info)


def save(run, epoch, normalization, config=CONFIG):
    info = {"config": config, "epoch": epoch.number, "best_epoch": 1}
    return write(run, epoch.state, normalization, envs.make(config["env"]), info)


@pytest.fixture(scope="module")
def model(robots):
    return architectures.make(robots["cart_pole"], CONFIG["model"])


@pytest.fixture(scope="module")
def data(trajectories):
    return trajectories["cart_pole"].split(0.25)


@pytest.fixture(scope="module")
def trained(model, data):
    """The three epochs of a training, their states on the host, and its normalization."""
    state, normalization = fitting.start(model, data[0], TRAINING, jax.random.PRNGKey(0))
    told = fitting.every(fitting.fit(model, *data, normalization, TRAINING, state))
    return [
        fitting.Epoch(jax.tree.map(np.array, e.state), e.number, e.loss, e.val_nrmse, 0.0) for e in told
    ], normalization


@pytest.fixture(scope="module")
def original(trained, tmp_path_factory):
    run = tmp_path_factory.mktemp("run")
    save(run, trained[0][0], trained[1])
    return run


@pytest.fixture
def run(original, tmp_path):
    """A copy of a run, saved after its first epoch, to do with as one likes."""
    return Path(shutil.copytree(original, tmp_path / "run"))


def bits(tree):
    return [(np.asarray(x).dtype, np.asarray(x).shape, np.asarray(x).tobytes()) for x in jax.tree.leaves(tree)]


def test_one_that_is_replaced_while_it_is_read_is_no_failure(run, trained, monkeypatch):
    """A training that goes on saves the next and removes it."""
    epochs, normalization = trained
    verify = checkpoint.verify

    def slowly(path):
        monkeypatch.setattr(checkpoint, "verify", verify)
        save(run, epochs[1], normalization)
        verify(path)

    monkeypatch.setattr(checkpoint, "verify", slowly)
    assert load(run).info["epoch"] == 2
    assert [path.name for path in checkpoint.found(run)] == ["epoch-00002"]


def files(run):
    return sorted(p for p in checkpoint.latest(run).rglob("*") if p.is_file())


def complaint(run):
    """What loading the run says, which is one line."""
    with pytest.raises(UserError) as error:
        load(run)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_state_comes_back_bit_for_bit(original, model, data, trained):
    epochs, normalization = trained
    template, _ = fitting.start(model, data[0], TRAINING, jax.random.PRNGKey(9))
    state, statistics, info = load_state(original, model, template)
    assert jax.tree.structure(state) == jax.tree.structure(epochs[0].state)
    assert bits(state) == bits(epochs[0].state)
    assert bits(statistics) == bits(normalization)
    assert info["epoch"] == 1


@pytest.mark.parametrize(
    "optimizer", ["soap", *slow(*(name for name in OPTIMIZERS.names() if name != "soap"))]
)
def test_the_state_of_every_optimizer_of_an_ensemble_comes_back(optimizer, robots, data, tmp_path):
    model = architectures.make(robots["cart_pole"], CONFIG["model"] | {"ensemble_size": 2, "constraints": "layer"})
    config = TrainingConfig(optimizer=optimizer)
    state, normalization = fitting.start(model, data[0], config, jax.random.PRNGKey(0))
    write(tmp_path, state, normalization, model.env, {"config": CONFIG, "epoch": 0})
    template, _ = fitting.start(model, data[0], config, jax.random.PRNGKey(9))
    again, _, _ = load_state(tmp_path, model, template)
    assert jax.tree.structure(again) == jax.tree.structure(state)
    assert bits(again) == bits(state)


def test_a_robot_that_nothing_drives_is_kept(tmp_path):
    mjcf = "<mujoco><worldbody><body><joint/><geom size='.1' pos='.3 0 0'/></body></worldbody></mujoco>"
    env = envs.MjcfEnv(mjcf=mjcf)
    states = env.sample_states(np.random.default_rng(0), 4)
    data = Trajectories(simulate(env, states, np.zeros((4, 9, 0)), "native"), np.zeros((4, 9, 0)))
    model = architectures.make(env, CONFIG["model"])
    state, normalization = fitting.start(model, data, TRAINING, jax.random.PRNGKey(0))
    write(tmp_path, state, normalization, env, {"config": CONFIG, "epoch": 0})
    again, statistics, _ = load_state(tmp_path, model, state)
    assert bits(again) == bits(state)
    assert bits(statistics) == bits(normalization)
    assert statistics["actions"]["mean"].shape == (0,)


def test_going_on_from_a_checkpoint_is_going_straight_through(original, model, data, trained):
    template, _ = fitting.start(model, data[0], TRAINING, jax.random.PRNGKey(9))
    state, normalization, _ = load_state(original, model, template)
    rest = [bits(e.state) for e in fitting.every(fitting.fit(model, *data, normalization, TRAINING, state))]
    assert rest == [bits(e.state) for e in trained[0][1:]]


def test_a_loaded_model_predicts_what_the_best_parameters_predict(original, model, trained):
    loaded = load(original)
    wanted = model.rollout(STATES, ACTIONS, {"params": trained[0][0].state.best, "normalization": trained[1]})
    assert np.array_equal(loaded.rollout(STATES, ACTIONS), wanted)


def test_a_loaded_model_knows_its_robot_and_its_history(original):
    loaded = load(original)
    assert (loaded.env.name, loaded.env.dt, loaded.env.mj_model.nv, loaded.history_length) == ("cart_pole", 0.01, 2, 1)
    assert loaded.observed.tolist() == [True] * 4
    assert loaded.config == CONFIG


def test_versions_and_machine_are_kept(original):
    info = load(original).info
    assert info["versions"]["jax"] == jax.__version__
    assert {"commit", "machine", "epoch"} <= set(info)


def test_the_robot_is_the_one_of_the_run(trained, tmp_path):
    """Not the one that this version of Dynax ships."""
    epochs, normalization = trained
    slower = envs.make(CONFIG["env"]).mjcf.replace('timestep="0.01"', 'timestep="0.005"')
    write(
        tmp_path, epochs[0].state, normalization, envs.make(CONFIG["env"], mjcf=slower), {"config": CONFIG, "epoch": 1}
    )
    assert load(tmp_path).env.dt == 0.005


def test_another_process_needs_nothing_but_the_run(run, original):
    """From another directory, by a relative path, and without a look at any config file."""
    code = """if True:
        import sys, numpy as np, dynax
        model = dynax.load("run")
        assert not {"omegaconf", "hydra"} & set(sys.modules)
        np.save("path.npy", model.rollout(np.full((2, 4), 0.3), np.full((2, 7, 1), 0.5)))"""
    subprocess.run([sys.executable, "-c", code], cwd=run.parent, check=True)
    assert np.array_equal(np.load(run.parent / "path.npy"), load(original).rollout(STATES, ACTIONS))


def test_a_run_may_be_named_by_text_or_path_and_from_where_one_stands(run, monkeypatch):
    monkeypatch.chdir(run.parent)
    paths = [load(path).rollout(STATES, ACTIONS) for path in ("run", Path("run"), run)]
    assert np.array_equal(paths[0], paths[1])
    assert np.array_equal(paths[0], paths[2])


def test_a_flipped_bit_is_named(run):
    for file in files(run):
        content = file.read_bytes()
        flipped = bytearray(content)
        flipped[len(content) // 2] ^= 0x40
        file.write_bytes(flipped)
        told = complaint(run)
        assert told.startswith("the checkpoint is damaged: ")
        assert file.name == "manifest.json" or str(file) in told
        file.write_bytes(content)
    load(run)


def test_a_cut_file_is_named(run):
    for file in files(run):
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        told = complaint(run)
        assert told.startswith("the checkpoint is damaged: ")
        assert str(file) in told
        file.write_bytes(content)


def test_a_missing_file_is_named(run):
    for file in files(run):
        content = file.read_bytes()
        file.unlink()
        told = complaint(run)
        assert told.startswith("the checkpoint is damaged: ")
        assert str(file) in told
        file.write_bytes(content)


def test_damage_is_noticed_before_training_goes_on(run, model, data):
    file = next(f for f in files(run) if "training" in f.parts and f.stat().st_size > 1000)
    file.write_bytes(file.read_bytes()[:-1])
    template, _ = fitting.start(model, data[0], TRAINING, jax.random.PRNGKey(0))
    with pytest.raises(UserError, match="damaged"):
        load_state(run, model, template)


def test_an_interrupted_save_is_ignored_and_written_over(run, trained):
    draft = run / "checkpoints" / ".epoch-00002.partial"
    (draft / "model").mkdir(parents=True)
    (draft / "model" / "half").write_text("of a file")
    assert load(run).info["epoch"] == 1
    path = save(run, trained[0][1], trained[1])
    assert not (path / "model" / "half").exists()
    assert [p.name for p in (run / "checkpoints").iterdir()] == ["epoch-00002"]


def test_the_newest_checkpoint_is_the_one_that_is_kept(run, trained):
    path = save(run, trained[0][2], trained[1])
    assert checkpoint.found(run) == [path]
    assert load(run).info["epoch"] == 3


def test_checkpoints_are_in_the_order_of_their_epochs(tmp_path):
    for epoch in (100_000, 2, 99_999):
        (tmp_path / "checkpoints" / f"epoch-{epoch:05d}").mkdir(parents=True)
    assert checkpoint.latest(tmp_path).name == "epoch-100000"


@pytest.mark.parametrize("other", [{"architecture": "mlp", "hidden_dims": [5]}, {"architecture": "resnet", "width": 4}])
def test_a_checkpoint_of_another_architecture_is_refused(run, trained, other):
    save(run, trained[0][1], trained[1], CONFIG | {"model": other})
    assert "is of another architecture than its config" in complaint(run)


def test_a_checkpoint_of_another_format_is_refused(run, monkeypatch):
    monkeypatch.setattr(checkpoint, "FORMAT", 2)
    assert "has checkpoint format 1; this version of Dynax reads 2" in complaint(run)


def test_a_config_this_version_cannot_build_is_told(run, trained):
    save(run, trained[0][1], trained[1], CONFIG | {"model": {"architecture": "mlp", "depth": 3}})
    assert "unknown key model.depth" in complaint(run)


def test_a_directory_that_is_not_there_is_no_run(tmp_path):
    assert complaint(tmp_path / "nowhere") == f"run={tmp_path}/nowhere is not a directory"


def test_a_directory_without_checkpoints_is_no_run(tmp_path):
    assert "is not a training run, or one stopped before its first checkpoint" in complaint(tmp_path)


def test_run_json_is_json(run):
    assert json.loads((checkpoint.latest(run) / "run.json").read_text())["config"] == CONFIG


@pytest.mark.slow
def test_a_checkpoint_of_a_device_that_is_not_here_is_read(tmp_path, trained, model, data):
    """As one saved on a GPU is on a laptop: here, on the second of two devices that another process has."""
    state = trained[0][0].state
    np.savez(tmp_path / "leaves.npz", *jax.tree.leaves(state.params))
    code = f"""if True:
        import jax, numpy as np
        from pathlib import Path
        from dynax import architectures, envs
        from dynax.config import schema as settings
        from dynax.training import optimizers
        from dynax.runs import checkpoint
        from dynax.training.epochs import initial_state
        config, second = {CONFIG!r}, jax.devices()[1]
        model = architectures.make(envs.make(config["env"]), config["model"])
        with np.load({str(tmp_path / "leaves.npz")!r}) as file:
            leaves = [file[name] for name in file.files]
        width = {{"features": model.feature_dim, "actions": model.action_dim, "target": model.target_dim}}
        norm = {{k: {{"mean": np.zeros(n, np.float32), "std": np.ones(n, np.float32)}} for k, n in width.items()}}
        shape = model.create(jax.random.PRNGKey(0), norm)["params"]
        params = jax.tree.unflatten(jax.tree.structure(shape), leaves)
        optimizer = optimizers.make(settings.TrainingConfig(), 10)
        state = jax.device_put(initial_state(params, optimizer, jax.random.PRNGKey(1)), second)
        info = {{"config": config, "epoch": 0, "best_epoch": 0}}
        trees = {{"model": {{"params": state.best, "normalization": jax.device_put(norm, second)}}, "training": state}}
        checkpoint.save(Path({str(tmp_path / "run")!r}), 0, trees, model.env.mjcf, {{}}, info)
    """
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    subprocess.run([sys.executable, "-c", code], env=os.environ | flags, check=True)
    loaded = load(tmp_path / "run")
    assert bits(loaded.variables["params"]) == bits(state.params)
    assert np.isfinite(loaded.rollout(STATES, ACTIONS)).all()
    template, _ = fitting.start(model, data[0], TRAINING, jax.random.PRNGKey(0))
    state, _, _ = load_state(tmp_path / "run", model, template)
    assert {device for leaf in jax.tree.leaves(state) for device in leaf.devices()} == {jax.devices()[0]}
