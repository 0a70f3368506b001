"""Collection: the same bytes for the same seed, once however many want them, and whole or not at all."""

import logging
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dynax.config.schema import CollectConfig
from dynax.data import collection, simulate
from dynax.data.collection import collect
from dynax.data.dataset import Dataset
from dynax.data.source import Source
from dynax.envs import CartPoleEnv, MjcfEnv, PendulumEnv, UniformReset
from dynax.errors import UserError
from dynax.evaluation import warmstart
from dynax.evaluation.warmstart import WarmstartCheck
from dynax.excitations.mixed import Mixed
from dynax.excitations.piecewise_constant import PiecewiseConstant
from dynax.excitations.uniform import Uniform

SIZE = CollectConfig(num_rollouts=40, rollout_length=25, seed=3, backend="native")
DIVERGING = """<mujoco><option gravity="0 0 0"/>
<worldbody><body><joint name="z" type="slide" stiffness="-1e7"/><geom size=".1"/></body></worldbody>
<actuator><motor joint="z"/></actuator></mujoco>"""

# Collects in four batches, and after the first of them says so in the file `started` and waits for `go`.
CHILD = """if True:
    import logging, pathlib, sys, time
    from dynax.data import dataset, simulate
    from dynax.data.collection import collect
    from dynax.config.schema import CollectConfig
    from dynax.envs import PendulumEnv
    from dynax.excitations.mixed import Mixed

    logging.basicConfig(level="INFO", format="%(message)s")
    dataset.CHUNK = 10 * 26 * 2 * 8
    simulate.BUFFER["native"] = 10 * 25 * 3 * 8
    here = pathlib.Path(sys.argv[1])

    def pause(done, total):
        (here / "started").touch()
        while not (here / "go").exists():
            time.sleep(0.01)

    config = CollectConfig(num_rollouts=40, rollout_length=25, seed=3, backend="native")
    print(collect(PendulumEnv(), Mixed(), config, here / "datasets", pause).path)
"""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(collection.dataset, "CHUNK", 10 * 26 * 2 * 8)


def start_child(folder: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", CHILD, folder], stdout=-1, stderr=-1, text=True)


def wait_for(condition) -> None:
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit, "nothing happened for a minute"
        time.sleep(0.01)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_dataset_holds_what_the_robot_does(tmp_path):
    env = PendulumEnv()
    data = collect(env, Mixed(), SIZE, tmp_path)
    assert data.path.parent == tmp_path
    assert data.path.name.startswith("pendulum-")
    assert len(data.path.name) == 9 + 12
    manifest = data.manifest
    assert (manifest["robot"], manifest["backend"], manifest["dtype"], manifest["seed"]) == (
        "pendulum",
        "native",
        "float64",
        3,
    )
    assert manifest["excitation"] == {"name": "mixed", "hold_times": [0.05, 0.2]}
    assert manifest["reset"] == {"name": "uniform", "qpos": list(env.reset.qpos), "qvel": list(env.reset.qvel)}
    assert manifest["versions"]["mujoco"] == "3.17.0"
    read = data.read()
    assert read.num_transitions == data.num_transitions == 1000
    again = simulate.simulate(env, read.states[:, 0], read.actions, "native")
    np.testing.assert_array_equal(again, read.states)
    data.check_robot(env)
    assert WarmstartCheck.kept(data.path) == WarmstartCheck(0.0, 0.0)


def test_the_same_seed_gives_the_same_bytes_however_it_is_batched(tmp_path, monkeypatch):
    one = collect(PendulumEnv(), Mixed(), SIZE, tmp_path / "one")
    monkeypatch.setitem(simulate.BUFFER, "native", 10 * 25 * 3 * 8)
    done = []
    two = collect(PendulumEnv(), Mixed(), SIZE, tmp_path / "two", lambda *counts: done.append(counts))
    assert done == [(250, 1000), (500, 1000), (750, 1000), (1000, 1000)]
    assert one.path.name == two.path.name
    assert files(one.path) == files(two.path)
    assert len(files(one.path)) == 2 + 3 + 3 * 4


def test_a_trajectory_does_not_depend_on_how_many_there_are():
    source = Source(PendulumEnv(), Mixed(), seed=1, steps=12)
    whole = source.draw(0, 150)
    for start, stop in [(0, 1), (31, 33), (40, 130), (149, 150)]:
        for part, all_of_it in zip(source.draw(start, stop), whole, strict=True):
            np.testing.assert_array_equal(part, all_of_it[start:stop])
    assert len(np.unique(whole[0][:, 0])) == 150


@pytest.mark.parametrize(
    ("env", "excitation", "config"),
    [
        (PendulumEnv(reset=UniformReset((3.0,), (1.0,))), Mixed(), SIZE),
        (PendulumEnv(mjcf=PendulumEnv().mjcf.replace("<mujoco", "<mujoco ")), Mixed(), SIZE),
        (PendulumEnv(), Mixed(hold_times=(0.1,)), SIZE),
        (PendulumEnv(), Uniform(), SIZE),
        (PendulumEnv(), Mixed(), CollectConfig(num_rollouts=41, rollout_length=25, seed=3)),
        (PendulumEnv(), Mixed(), CollectConfig(num_rollouts=40, rollout_length=26, seed=3)),
        (PendulumEnv(), Mixed(), CollectConfig(num_rollouts=40, rollout_length=25, seed=4)),
    ],
)
def test_whatever_makes_the_data_is_in_the_hash(env, excitation, config):
    def digest(env, excitation, config):
        source = Source(env, excitation, config.seed, config.rollout_length)
        return collection.describe(source, config, "native")["sha256"]

    assert digest(env, excitation, config) != digest(PendulumEnv(), Mixed(), SIZE)


def test_the_code_of_an_excitation_is_in_the_hash(monkeypatch):
    source = Source(PendulumEnv(), PiecewiseConstant(), SIZE.seed, SIZE.rollout_length)
    before = collection.describe(source, SIZE, "native")["sha256"]
    monkeypatch.setattr(PiecewiseConstant, "signal", lambda self, rng, n, steps, dt, nu: np.zeros((n, steps, nu)))
    assert collection.describe(source, SIZE, "native")["sha256"] != before


def test_a_dataset_is_collected_once(tmp_path, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    first = collect(PendulumEnv(), Mixed(), SIZE, tmp_path)
    assert "collected" in caplog.text
    assert "1000 transitions" in caplog.text
    monkeypatch.setattr(simulate, "simulate", None)
    caplog.clear()
    assert collect(PendulumEnv(), Mixed(), SIZE, tmp_path).path == first.path
    assert f"using the dataset {first.path}" in caplog.text


def test_a_hidden_state_is_looked_for_once_and_told_with_the_data(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(warmstart, "LONG", 10)
    whole = CartPoleEnv().mjcf
    env = CartPoleEnv(mjcf=whole.replace('iterations="20" ls_iterations="20"', 'iterations="1" ls_iterations="20"'))
    config = CollectConfig(num_rollouts=8, rollout_length=100, backend="native")
    data = collect(env, Mixed(), config, tmp_path, inspect=warmstart.check)
    assert "a step of cart_pole depends on more than (qpos, qvel)" in caplog.text
    found = WarmstartCheck.kept(data.path)
    assert (found.cure, found.negligible) == (warmstart.CURES[0], False)
    caplog.clear()
    assert (
        WarmstartCheck.kept(collect(env, Mixed(), config, tmp_path, inspect=lambda *_: pytest.fail("again")).path)
        == found
    )
    assert not caplog.records


def test_two_processes_collect_once(tmp_path):
    first = start_child(tmp_path)
    wait_for((tmp_path / "started").exists)
    second = start_child(tmp_path)
    line = second.stderr.readline()
    assert "waiting for another process" in line
    (tmp_path / "go").touch()
    outputs = [p.communicate(timeout=60) for p in (first, second)]
    assert first.returncode == second.returncode == 0, outputs
    assert outputs[0][0] == outputs[1][0]
    assert "collected" in outputs[0][1]
    assert "using the dataset" in outputs[1][1]
    assert len(list((tmp_path / "datasets").glob("pendulum-*"))) == 1


def test_a_killed_collection_leaves_no_dataset_and_is_swept_up(tmp_path):
    child, root = start_child(tmp_path), tmp_path / "datasets"
    wait_for((tmp_path / "started").exists)
    wait_for(lambda: list(root.glob(".*.partial/**/c/0/0/0")))  # chunks are written beside the simulation
    child.kill()
    child.communicate()
    (leftover,) = root.glob(".*.partial")
    assert not list(root.glob("pendulum-*"))
    with pytest.raises(UserError, match="has no manifest"):
        Dataset.open(leftover)

    other = collect(PendulumEnv(), Uniform(), SIZE, root)
    assert not leftover.exists()
    assert [p.name for p in root.glob("pendulum-*")] == [other.path.name]
    same = collect(PendulumEnv(), Mixed(), SIZE, root)
    assert same.path.name == leftover.name[1 : -len(".partial")]
    assert files(same.path) == files(collect(PendulumEnv(), Mixed(), SIZE, tmp_path / "undisturbed").path)


def test_a_part_that_is_still_being_written_is_left_alone(tmp_path):
    child, root = start_child(tmp_path), tmp_path / "datasets"
    wait_for((tmp_path / "started").exists)
    collect(PendulumEnv(), Uniform(), SIZE, root)
    (tmp_path / "go").touch()
    output, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    assert Dataset.open(output.strip()).read().num_transitions == 1000


def test_a_robot_that_always_diverges_is_named_and_leaves_nothing(tmp_path):
    with pytest.raises(UserError, match="simulation of rocket diverges: trajectory 0 did 20 times out of 20"):
        collect(MjcfEnv(xml="rocket.xml", mjcf=DIVERGING), Mixed(), SIZE, tmp_path)
    assert all(p.name.endswith(".lock") for p in tmp_path.iterdir())


def test_an_unwritable_root_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=f"{tmp_path}/file: "):
        collect(PendulumEnv(), Mixed(), SIZE, tmp_path / "file")


@pytest.mark.slow
def test_mjx_data_are_float32_and_say_so(tmp_path, capfd):
    config = CollectConfig(num_rollouts=4, rollout_length=3, backend="mjx")
    data = collect(PendulumEnv(), Uniform(), config, tmp_path)
    assert not capfd.readouterr().out
    assert (data.manifest["backend"], data.manifest["dtype"]) == ("mjx", "float32")
    assert "jax" in data.manifest["versions"]
    assert "platform" in data.manifest["versions"]
    read = data.read()
    assert read.states.dtype == read.actions.dtype == np.float32
    truth = simulate.simulate(PendulumEnv(), read.states[:, 0].astype(float), read.actions.astype(float), "native")
    np.testing.assert_allclose(read.states, truth, atol=1e-5)
