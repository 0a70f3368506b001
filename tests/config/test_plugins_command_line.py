"""Plugins and installed packages on the command line."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
MODEL = """
import jax.numpy as jnp
from flax import linen as nn
from dynax.base import BaseDynamicsModel

print("output of the plugin")

class Small(BaseDynamicsModel):
    hidden: int = 16

    @nn.compact
    def __call__(self, states, actions, training=False):
        x = nn.tanh(nn.Dense(self.hidden)(jnp.concatenate([states.ravel(), actions.ravel()])))
        return nn.Dense(self.target_dim)(x)
"""
ROBOT = """
from dataclasses import InitVar, dataclass
from dynax.envs import Env, Reset, UniformReset

@dataclass(frozen=True, eq=False)
class SliderEnv(Env):
    source: InitVar[str | None] = '''<mujoco><worldbody><body><joint name="x" type="slide" damping="1"/>
    <geom size=".1"/></body></worldbody><actuator><motor joint="x" ctrlrange="-1 1"/></actuator></mujoco>'''
    reset: Reset = UniformReset((1.0,), (2.0,))
"""
SIGNAL = """
from dataclasses import dataclass
import numpy as np
from dynax.excitations import Excitation

@dataclass(frozen=True)
class Chirp(Excitation):
    rate: float = 1.0  # Hz/s

    def signal(self, rng, n, steps, dt, nu):
        time = dt * np.arange(steps)
        return np.tile(np.sin(np.pi * self.rate * time**2)[:, None], (n, 1, nu))
"""
OPTIMIZER = """
import optax

def optimizer(schedule, config):
    return optax.sgd(schedule)
"""
SMALL = (
    "collect.num_rollouts=4", "collect.rollout_length=8", "collect.backend=native", "training.num_epochs=1",
    "training.batch_size=8",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """A folder with four plugins."""
    for name, text in {"small": MODEL, "slider": ROBOT, "chirp": SIGNAL, "sgd": OPTIMIZER}.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


def dynax(folder, *args, path=""):
    """Run the command line as a process in a folder."""
    env = {**os.environ, "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{path}", "COLUMNS": "200"}
    command = [sys.executable, "-m", "dynax", *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env, timeout=600)


@pytest.mark.slow
def test_the_four_kinds_of_plugins_have_no_yaml(folder):
    plugins = "plugins=[small.py,slider.py,chirp.py,sgd.py]"
    choice = "model=small", "model.hidden=8", "env=slider", "excitation=chirp", "excitation.rate=3"
    done = dynax(folder, "train", plugins, *choice, "training.optimizer=sgd", *SMALL)
    assert done.returncode == 0, done.stderr
    [line] = done.stdout.splitlines()
    run = Path(line)
    assert run.parent.name == "slider-small"
    assert "output of the plugin" in done.stderr
    [info] = run.glob("checkpoints/*/run.json")
    config = json.loads(info.read_text())["config"]
    assert config["model"]["hidden"] == 8
    assert config["env"]["reset"] == {"name": "uniform", "qpos": [1.0], "qvel": [2.0]}
    assert config["excitation"] == {"name": "chirp", "rate": 3}

    missing = dynax(folder, "eval", f"run={run}")
    assert missing.returncode == 2
    assert re.search(r"add plugins=\[.*\.py\]", missing.stderr)
    assert "Traceback" not in missing.stderr

    again = dynax(folder, "eval", f"run={run}", plugins, "eval.num_trajectories=2", "eval.seconds=0.1")
    assert again.returncode == 0, again.stderr


@pytest.mark.slow
def test_the_defaults_of_a_class_are_the_config(folder):
    done = dynax(folder, "collect", "plugins=[slider.py,chirp.py]", "env=slider", "excitation=chirp", "--cfg", "job")
    assert done.returncode == 0, done.stderr
    assert "rate: 1.0" in done.stdout
    help_text = dynax(folder, "collect", "plugins=[slider.py,chirp.py]", "excitation=chirp", "--help").stdout
    assert "*chirp" in help_text
    assert "excitation.rate=1" in help_text


@pytest.mark.slow
def test_a_robot_of_a_plugin_may_have_another_reset(folder):
    done = dynax(folder, "collect", "plugins=[slider.py]", "env=slider", "env/reset=standing", "--cfg", "job")
    assert done.returncode == 0, done.stderr
    assert "name: standing" in done.stdout
    assert "\n    qpos:" not in done.stdout


@pytest.mark.slow
def test_a_sweep_in_parallel_imports_its_plugins(folder):
    done = dynax(
        folder, "collect", "-m", "plugins=[chirp.py]", "excitation=chirp,uniform", "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2", *SMALL[:3],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.slow
def test_a_key_of_a_plugin_that_does_not_exist_is_an_error(folder):
    done = dynax(folder, "collect", "plugins=[chirp.py]", "excitation=chirp", "excitation.rat=2")
    assert done.returncode == 2
    assert "excitation.rat" in done.stderr
    assert "did you mean `excitation.rate`" in done.stderr


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        ("wrong.py", "wrong.py cannot be imported: ZeroDivisionError: division by zero (line 2)"),
        ("nowhere.py", "plugins=nowhere.py cannot be read: No such file or directory"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_one_error(folder, plugin, message):
    (folder / "wrong.py").write_text("x = 1\nx / 0\n")
    done = dynax(folder, "train", f"plugins=[{plugin}]", "model=mlp")
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("dynax: plugins=")
    assert line.endswith(message)
    assert not (folder / "outputs").exists()


@pytest.mark.slow
def test_an_unknown_model_is_an_error_that_lists_the_plugins(folder):
    done = dynax(folder, "train", "plugins=[small.py]", "model=smal")
    assert done.returncode == 2
    assert "did you mean `small`" in done.stderr


@pytest.fixture
def package(tmp_path):
    """The path of an installed package with an excitation."""
    site = tmp_path / "site"
    (site / "their-1.0.dist-info").mkdir(parents=True)
    (site / "their_package.py").write_text(SIGNAL)
    (site / "their-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: their\nVersion: 1.0\n")
    entry_points = "[dynax.excitations]\ntheirs = their_package:Chirp\n"
    (site / "their-1.0.dist-info" / "entry_points.txt").write_text(entry_points)
    return site


@pytest.mark.slow
def test_an_installed_package_adds_an_option(package, tmp_path):
    done = dynax(tmp_path, "collect", "excitation=theirs", "excitation.rate=2", *SMALL[:3], path=str(package))
    assert done.returncode == 0, done.stderr
    manifest = json.loads((Path(done.stdout.strip()) / "manifest.json").read_text())
    assert manifest["excitation"] == {"name": "theirs", "rate": 2.0}


@pytest.mark.slow
def test_an_option_of_a_package_is_listed_without_importing_it(package, tmp_path):
    (package / "their_package.py").write_text("raise RuntimeError('imported')")
    done = dynax(tmp_path, "collect", "--help", path=str(package))
    assert done.returncode == 0, done.stderr
    assert "theirs" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("args", [("--help",), ("--cfg", "job")])
def test_without_plugins_nothing_heavy_is_imported(tmp_path, args):
    code = f"""if True:
        import sys
        from dynax.cli import main
        code = main(["train", *{args!r}])
        heavy = {{"jax", "mujoco", "flax", "numpy", "jaxtyping"}} & set(sys.modules)
        print(code, sorted(heavy), file=sys.stderr)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=600)
    assert done.stderr.splitlines()[-1] == "0 []"
