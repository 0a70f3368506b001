"""Collection: equal seeds give equal bytes, processes share a dataset, and a failed collection leaves nothing."""

import logging
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dynax.config.schema import CollectConfig
from dynax.data import arrays, simulate
from dynax.data.collection import collect
from dynax.data.dataset import Dataset
from dynax.data.describe import describe
from dynax.data.source import TrajectorySource
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

# Collects in four batches. After the first batch it creates the file `started` and waits for the file `go`.
CHILD = """if True:
    import logging, pathlib, sys, time
    from dynax.data import arrays, simulate
    from dynax.data.collection import collect
    from dynax.config.schema import CollectConfig
    from dynax.envs import PendulumEnv
    from dynax.excitations.mixed import Mixed

    logging.basicConfig(level="INFO", format="%(message)s")
    arrays.CHUNK_BYTES = 10 * 26 * 2 * 8
    simulate.BUFFER_BYTES["native"] = 10 * 25 * 3 * 8
    folder = pathlib.Path(sys.argv[1])

    def pause(done, total):
        (folder / "started").touch()
        while not (folder / "go").exists():
            time.sleep(0.01)

    config = CollectConfig(num_rollouts=40, rollout_length=25, seed=3, backend="native")
    print(collect(PendulumEnv(), Mixed(), config, folder / "datasets", pause).path)
"""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 10 * 26 * 2 * 8)


def start_child(folder: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", CHILD, folder], stdout=-1, stderr=-1, text=True)


def wait_for(condition) -> None:
    limit = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < limit, "the condition did not become true within ten minutes"
        time.sleep(0.01)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_dataset_contains_the_motion_of_the_robot(tmp_path):
    env = PendulumEnv()
    data = collect(env, Mixed(), SIZE, tmp_path, inspect=warmstart.check)
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
    assert WarmstartCheck.load(data.path) == WarmstartCheck(0.0, 0.0)


def test_equal_seeds_give_equal_bytes_for_every_batch_size(tmp_path, monkeypatch):
    one = collect(PendulumEnv(), Mixed(), SIZE, tmp_path / "one", inspect=warmstart.check)
    monkeypatch.setitem(simulate.BUFFER_BYTES, "native", 10 * 25 * 3 * 8)
    done = []
    two = collect(PendulumEnv(), Mixed(), SIZE, tmp_path / "two", lambda *counts: done.append(counts), warmstart.check)
    assert done == [(250, 1000), (500, 1000), (750, 1000), (1000, 1000)]
    assert one.path.name == two.path.name
    assert files(one.path) == files(two.path)
    assert len(files(one.path)) == 2 + 3 + 3 * 4


def test_a_trajectory_does_not_depend_on_the_number_of_trajectories():
    source = TrajectorySource(PendulumEnv(), Mixed(), seed=1, steps=12)
    complete = source.draw(0, 150)
    for start, stop in [(0, 1), (31, 33), (40, 130), (149, 150)]:
        for part, array in zip(source.draw(start, stop), complete, strict=True):
            np.testing.assert_array_equal(part, array[start:stop])
    assert len(np.unique(complete[0][:, 0])) == 150


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
def test_the_hash_depends_on_everything_that_determines_the_data(env, excitation, config):
    def digest(env, excitation, config):
        source = TrajectorySource(env, excitation, config.seed, config.rollout_length)
        return describe(source, config, "native")["description_sha256"]

    assert digest(env, excitation, config) != digest(PendulumEnv(), Mixed(), SIZE)


def test_the_hash_depends_on_the_code_of_an_excitation(monkeypatch):
    source = TrajectorySource(PendulumEnv(), PiecewiseConstant(), SIZE.seed, SIZE.rollout_length)
    before = describe(source, SIZE, "native")["description_sha256"]
    monkeypatch.setattr(PiecewiseConstant, "signal", lambda self, rng, n, steps, dt, nu: np.zeros((n, steps, nu)))
    assert describe(source, SIZE, "native")["description_sha256"] != before


def test_a_dataset_is_collected_once(tmp_path, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    first = collect(PendulumEnv(), Mixed(), SIZE, tmp_path)
    assert "collected" in caplog.text
    assert "1000 transitions" in caplog.text
    monkeypatch.setattr("dynax.data.source.simulator", None)
    caplog.clear()
    assert collect(PendulumEnv(), Mixed(), SIZE, tmp_path).path == first.path
    assert f"using the existing dataset {first.path}" in caplog.text


@pytest.mark.slow
def test_the_warm_start_check_runs_once_and_its_result_is_stored_with_the_data(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(warmstart, "MAX_TEST_STEPS", 10)
    env = CartPoleEnv(
        mjcf=CartPoleEnv().mjcf.replace('iterations="20" ls_iterations="20"', 'iterations="1" ls_iterations="20"')
    )
    config = CollectConfig(num_rollouts=8, rollout_length=100, backend="native")
    data = collect(env, Mixed(), config, tmp_path, inspect=warmstart.check)
    assert "a step of cart_pole depends on more than (qpos, qvel, act)" in caplog.text
    result = WarmstartCheck.load(data.path)
    assert (result.cure, result.negligible) == (warmstart.REMEDIES[0], False)
    caplog.clear()
    second = collect(env, Mixed(), config, tmp_path, inspect=lambda *_: pytest.fail("a second check"))
    assert WarmstartCheck.load(second.path) == result
    assert not caplog.records


def test_two_processes_collect_a_dataset_once(tmp_path):
    first = start_child(tmp_path)
    wait_for((tmp_path / "started").exists)
    second = start_child(tmp_path)
    line = second.stderr.readline()
    assert "waiting for another process" in line
    (tmp_path / "go").touch()
    outputs = [p.communicate(timeout=600) for p in (first, second)]
    assert first.returncode == second.returncode == 0, outputs
    assert outputs[0][0] == outputs[1][0]
    assert "collected" in outputs[0][1]
    assert "using the existing dataset" in outputs[1][1]
    assert len(list((tmp_path / "datasets").glob("pendulum-*"))) == 1


def test_a_killed_collection_leaves_no_dataset_and_its_files_are_deleted_later(tmp_path):
    child, root = start_child(tmp_path), tmp_path / "datasets"
    wait_for((tmp_path / "started").exists)
    wait_for(lambda: list(root.glob(".*.partial/**/c/0/0/0")))  # chunks are written in parallel with the simulation
    child.kill()
    child.communicate()
    (leftover,) = root.glob(".*.partial")
    assert not list(root.glob("pendulum-*"))
    with pytest.raises(UserError, match="it has no manifest"):
        Dataset.open(leftover)

    other = collect(PendulumEnv(), Uniform(), SIZE, root)
    assert not leftover.exists()
    assert [p.name for p in root.glob("pendulum-*")] == [other.path.name]
    repeated = collect(PendulumEnv(), Mixed(), SIZE, root)
    assert repeated.path.name == leftover.name[1 : -len(".partial")]
    assert files(repeated.path) == files(collect(PendulumEnv(), Mixed(), SIZE, tmp_path / "undisturbed").path)


def test_the_files_of_a_running_collection_are_not_deleted(tmp_path):
    child, root = start_child(tmp_path), tmp_path / "datasets"
    wait_for((tmp_path / "started").exists)
    collect(PendulumEnv(), Uniform(), SIZE, root)
    (tmp_path / "go").touch()
    output, errors = child.communicate(timeout=600)
    assert child.returncode == 0, errors
    assert Dataset.open(output.strip()).read().num_transitions == 1000


def test_a_robot_that_always_diverges_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(UserError, match="simulation of rocket diverges: trajectory 0 diverged in 20 of 20 draws"):
        collect(MjcfEnv(xml="rocket.xml", mjcf=DIVERGING), Mixed(), replace(SIZE, num_rollouts=2), tmp_path / "a" / "b")
    assert not list(tmp_path.iterdir())


def test_the_error_about_an_unwritable_root_names_it(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=f"{tmp_path}/file: "):
        collect(PendulumEnv(), Mixed(), SIZE, tmp_path / "file")


@pytest.mark.slow
def test_data_of_mjx_are_float32_and_the_manifest_says_so(tmp_path, capfd):
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
