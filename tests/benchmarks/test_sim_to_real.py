"""The benchmark from a simulation to a machine."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.document import filled
from benchmarks.sim_to_real.__main__ import DOCUMENT, committed, table
from benchmarks.sim_to_real.measure import columns, mapping
from benchmarks.sim_to_real.methods import METHODS
from benchmarks.sim_to_real.plant import NONE, Perturbation, Plant
from benchmarks.sim_to_real.robots import ROBOTS
from dynax.data.simulate import simulate
from dynax.envs import MjcfEnv
from dynax.logs.mapping import read_mapping

RESULT = {
    "robot": "arm", "method": "scratch", "seconds": 10.0, "nrmse": [0.1, 0.5], "vpt_s": 0.2, "vpt_capped": False,
    "cpu_s": 90.0,
}  # fmt: skip


def nominal(name):
    """Return the robot that a user gives to Dynax."""
    return MjcfEnv(xml=f"{name}.xml", mjcf=ROBOTS[name].spec().to_xml())


@pytest.mark.parametrize("name", list(ROBOTS))
def test_a_machine_without_differences_is_the_nominal_robot(name):
    record = Plant(ROBOTS[name], NONE).record(0.4, seed=0)
    path = simulate(nominal(name), record.states[None, 0], record.actions[None], "native")[0]
    np.testing.assert_allclose(record.states, path, atol=1e-9)


@pytest.mark.parametrize("name", list(ROBOTS))
def test_a_machine_with_differences_moves_otherwise(name):
    plain, other = (Plant(ROBOTS[name], change).record(0.4, seed=0) for change in (NONE, Perturbation()))
    assert np.abs(plain.states - other.states).max() > 0.1


def test_actions_are_delayed():
    late = Plant(ROBOTS["arm"], replace(NONE, delay=3))
    record = late.record(0.4, seed=0)
    actions = np.concatenate([record.actions[[0, 0, 0]], record.actions[:-3]])
    path = simulate(nominal("arm"), record.states[None, 0], actions[None], "native")[0]
    np.testing.assert_allclose(record.states, path, atol=1e-9)


def test_the_link_moves_freely_within_the_backlash():
    robot = ROBOTS["arm"]
    plant, slack = Plant(robot, replace(NONE, gap=1.0)), []
    for step in range(1000):
        target = robot.center + robot.width * np.sign(np.sin((1 + np.arange(6)) * 0.02 * step))
        plant.step(target)
        slack.append(plant.slack / robot.gap)
    assert np.percentile(np.abs(slack), 75) < 0.6  # the stops are elastic
    assert min(slack) < -0.45
    assert max(slack) > 0.45
    assert np.mean(np.abs(slack) < 0.45) > 0.02
    assert Plant(robot, NONE).slack == 0.0


def test_sensors_have_noise():
    plant = Plant(ROBOTS["arm"], replace(NONE, position_noise=0.01, velocity_noise=0.1))
    record = plant.record(2.0, seed=0)
    noise = plant.measured(record, seed=0).states - record.states
    np.testing.assert_allclose(noise.std(axis=0), [0.01] * 6 + [0.1] * 6, rtol=0.2)


def test_the_mapping_fits_the_columns(tmp_path):
    plant = Plant(ROBOTS["quadruped"], NONE)
    (tmp_path / "map.yaml").write_text(mapping(plant.joints))
    found = columns(plant, plant.record(0.1, seed=0))
    assert read_mapping(tmp_path / "map.yaml").columns[0] == "time_s"
    assert set(read_mapping(tmp_path / "map.yaml").columns) == set(found)


def test_each_method_that_starts_from_another_one_follows_it():
    names = list(METHODS)
    starts = {name: method.start[1] for name, method in METHODS.items() if method.start}
    assert all(start == "simulated" or names.index(start) < names.index(name) for name, start in starts.items())


def test_the_table_has_medians_over_seeds():
    results = [RESULT | {"seed": seed, "nrmse": [0.1 * seed, 0.5]} for seed in (1, 2, 6)]
    plain = RESULT | {"method": "nominal", "seconds": None, "cpu_s": None, "seed": 0, "vpt_capped": True}
    lines = table([*results, plain]).splitlines()
    assert lines[2] == "| arm | none | nominal | 0.1 | 0.5 | ≥ 0.2 s | | 1 |"
    assert lines[3] == "| arm | 10 s | scratch | 0.2 | 0.5 | 0.2 s | 1.5 min | 3 |"


def test_the_document_contains_the_committed_table():
    text = DOCUMENT.read_text()
    assert filled(text, {"sim_to_real": committed()}) == text
