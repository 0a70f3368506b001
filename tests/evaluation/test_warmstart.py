"""The warm-start check: it passes for shipped robots; otherwise it measures the effect and finds a cure."""

import logging
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from dynax.data.source import TrajectorySource
from dynax.envs import DoubleCartPoleEnv, MjcfEnv
from dynax.errors import UserError
from dynax.evaluation import metrics, warmstart
from dynax.evaluation.restarts import restarted_valid_time
from dynax.evaluation.warmstart import REMEDIES, WarmstartCheck
from dynax.excitations.mixed import Mixed
from dynax.excitations.passive import Passive

OPTION = 'iterations="20" ls_iterations="20" tolerance="1e-10"'


def without_convergence(option='iterations="1"', **changes):
    """Return the double cart pole with a solver that does not converge."""
    mjcf = DoubleCartPoleEnv().mjcf
    assert OPTION in mjcf
    return DoubleCartPoleEnv(mjcf=mjcf.replace(OPTION, option), **changes)


def source(env, steps=500):
    return TrajectorySource(env, Mixed(), 0, steps)


def check(source, n):
    """Return the check that a collection of `n` trajectories makes."""
    return warmstart.check(source, source.trajectories(0, n, "native")[0], "native")


@pytest.fixture(autouse=True)
def short_tests(monkeypatch):
    monkeypatch.setattr(warmstart, "MAX_TEST_STEPS", 500)


@pytest.mark.slow
def test_a_step_of_a_shipped_robot_depends_only_on_its_state_even_beyond_a_joint_limit(every_robot, caplog):
    env = every_robot
    result = check(source(env), 16)
    assert result.gap_max < 1e-9
    assert str(result).startswith("passed (gap ")
    assert not caplog.records
    states = source(env).trajectories(0, 32, "native")[0].states
    beyond = (np.concatenate(env.space.beyond(states), axis=-1) > 0).any(axis=(0, 1))
    assert np.mean(beyond) > 0.5 if len(beyond) else not env.space.limited.any()


@pytest.mark.slow
@pytest.mark.parametrize("decimation", [1, 3])
def test_the_gap_is_the_effect_of_a_cleared_warm_start_on_a_control_step(decimation):
    env = without_convergence(decimation=decimation)
    model, data, again = env.mj_model, mujoco.MjData(env.mj_model), mujoco.MjData(env.mj_model)
    n, steps = 8, 80
    states, actions = source(env, steps).draw(0, n)
    path, restarted = np.empty((2, n, steps, 6))
    for i in range(n):
        mujoco.mj_resetData(model, data)
        data.qpos[:], data.qvel[:] = np.split(states[i], 2)
        for t in range(steps):
            again.qpos[:], again.qvel[:], again.qacc_warmstart[:] = data.qpos, data.qvel, 0
            for simulation, states_after in ((data, path), (again, restarted)):
                simulation.ctrl[:] = actions[i, t]
                mujoco.mj_step(model, simulation, nstep=decimation)
                states_after[i, t] = np.concatenate([simulation.qpos, simulation.qvel])
    scale = metrics.state_std(env.space, np.concatenate([states[:, None], path], axis=1))
    error = metrics.normalized_error(env.space, path, restarted, scale)
    result = check(source(env, steps), n)
    assert result.gap_max == pytest.approx(error.max(), rel=1e-6)
    assert result.gap_rms == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-6)
    assert result.gap_max > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(
    "option", ['iterations="1"', 'iterations="1" ls_iterations="1"']
)  # the second has the largest gap
def test_a_solver_that_does_not_converge_is_reported_with_its_effect_and_its_cure(caplog, option):
    env = without_convergence(option)
    result = check(source(env), 16)
    assert result.gap_max > 0.01
    assert result.gap_max / 10 > result.gap_rms > 1e-4
    assert result.valid_time_s < result.cured_valid_time_s <= result.tested_s == 5.0
    [warning] = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    for figure in (result.gap_max, result.gap_rms):
        assert f"{figure:.2g}" in warning
    assert f"predicts only {result.valid_time_s:.1f} s of 5 s" in warning
    assert f"add {result.cure} to its MJCF, which extends this time to {result.cured_valid_time_s:.1f} s" in warning
    assert result.cure in str(result)
    cured = replace(env, mjcf=env.mjcf.replace("<statistic", f"{result.cure}<statistic", 1))
    assert cured.dt == env.dt
    caplog.clear()
    assert check(source(cured), 16).negligible
    assert not caplog.records


@pytest.mark.parametrize("cure", REMEDIES)
def test_each_cure_closes_the_gap(monkeypatch, cure):
    monkeypatch.setattr(warmstart, "REMEDIES", (cure,))
    monkeypatch.setattr(warmstart, "MAX_TEST_STEPS", 10)
    assert check(source(without_convergence(), 100), 8).cure == cure


def test_the_first_option_that_closes_the_gap_is_reported(monkeypatch):
    monkeypatch.setattr(warmstart, "REMEDIES", ('<option iterations="1"/>', *REMEDIES))
    monkeypatch.setattr(warmstart, "MAX_TEST_STEPS", 10)
    assert check(source(without_convergence(), 100), 8).cure == REMEDIES[0]


def test_the_warning_says_if_no_option_helps(monkeypatch, caplog):
    monkeypatch.setattr(warmstart, "REMEDIES", ('<option iterations="1"/>',))
    result = check(source(without_convergence(), 100), 8)
    assert (result.cure, result.cured_valid_time_s) == (None, None)
    assert caplog.messages[-1].endswith("No option of its constraint solver was found that removes this dependence")
    assert str(result).endswith("cure: none found")


@pytest.mark.slow
def test_the_valid_time_of_a_trajectory_ends_when_the_simulation_diverges():
    mjcf = """<mujoco><option gravity="0 0 0"/><worldbody><body><joint name="z" type="slide" stiffness="-1e4"/>
    <geom size=".1"/></body></worldbody></mujoco>"""
    env = MjcfEnv(xml="rocket.xml", mjcf=mjcf)
    assert 0 < restarted_valid_time(env, TrajectorySource(env, Passive(), 0, 500), 32, np.ones(2)) < 0.5


def test_the_result_is_saved_and_loaded(tmp_path):
    for result in (WarmstartCheck(1e-17, 1e-15), WarmstartCheck(1e-3, 0.1, 25.0, 3.2, REMEDIES[0], 10.2)):
        result.save(tmp_path)
        assert WarmstartCheck.load(tmp_path) == result


def test_a_missing_result_is_none_and_a_damaged_one_is_an_error(tmp_path):
    assert WarmstartCheck.load(tmp_path) is None
    for broken in ("{", '{"gap": 1}', "[]"):
        (tmp_path / "warmstart.json").write_text(broken)
        with pytest.raises(UserError, match=f"the dataset {tmp_path} is damaged: {tmp_path}/warmstart.json"):
            WarmstartCheck.load(tmp_path)
