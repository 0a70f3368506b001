"""A step that depends on more than (qpos, qvel) is found, priced and cured; those of the robots that ship do not."""

import logging
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from dynax import envs
from dynax.config.registry import ENVS
from dynax.data.source import Source
from dynax.envs import DoubleCartPoleEnv, MjcfEnv
from dynax.errors import UserError
from dynax.evaluation import metrics, warmstart
from dynax.evaluation.warmstart import CURES, WarmstartCheck
from dynax.excitations.mixed import Mixed
from dynax.excitations.passive import Passive

SHIPPED = sorted({*ENVS.names()} - {"mjcf"})
OPTION = 'iterations="20" ls_iterations="20" tolerance="1e-10"'


def cut_short(option='iterations="1"', **changes):
    """The double cart pole with a solver that does not converge."""
    whole = DoubleCartPoleEnv().mjcf
    assert OPTION in whole
    return DoubleCartPoleEnv(mjcf=whole.replace(OPTION, option), **changes)


def source(env, steps=500):
    return Source(env, Mixed(), 0, steps)


def check(source, n):
    """The check of the first of `n` trajectories, as the collection of them has it."""
    return warmstart.check(source, source.trajectories(0, n, "native")[0], "native")


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(warmstart, "LONG", 500)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_step_of_a_robot_that_ships_depends_on_its_state_alone_even_beyond_a_stop(name, caplog):
    env = envs.make({"name": name})
    found = check(source(env), 16)
    assert found.gap_max < 1e-9
    assert str(found).startswith("none (gap ")
    assert not caplog.records
    states = source(env).trajectories(0, 32, "native")[0].states
    struck = (np.concatenate(env.space.beyond(states), axis=-1) > 0).any(axis=(0, 1))
    assert np.mean(struck) > 0.5 if len(struck) else not env.space.limited.any()


@pytest.mark.parametrize("decimation", [1, 3])
def test_the_gap_is_that_of_a_control_step_whose_warm_start_is_cleared(decimation):
    env = cut_short(decimation=decimation)
    model, data, again = env.mj_model, mujoco.MjData(env.mj_model), mujoco.MjData(env.mj_model)
    n, steps = 8, 80
    states, actions = source(env, steps).draw(0, n)
    path, restarted = np.empty((2, n, steps, 6))
    for i in range(n):
        mujoco.mj_resetData(model, data)
        data.qpos[:], data.qvel[:] = np.split(states[i], 2)
        for t in range(steps):
            again.qpos[:], again.qvel[:], again.qacc_warmstart[:] = data.qpos, data.qvel, 0
            for simulation, kept in ((data, path), (again, restarted)):
                simulation.ctrl[:] = actions[i, t]
                mujoco.mj_step(model, simulation, nstep=decimation)
                kept[i, t] = np.concatenate([simulation.qpos, simulation.qvel])
    scale = metrics.state_std(env.space, np.concatenate([states[:, None], path], axis=1))
    error = metrics.normalized_error(env.space, path, restarted, scale)
    found = check(source(env, steps), n)
    assert found.gap_max == pytest.approx(error.max(), rel=1e-6)
    assert found.gap_rms == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-6)
    assert found.gap_max > 1e-3


@pytest.mark.parametrize("option", ['iterations="1"', 'iterations="1" ls_iterations="1"'])  # the second loses most
def test_a_solver_cut_short_is_warned_of_with_its_cost_and_its_cure(caplog, option):
    env = cut_short(option)
    found = check(source(env), 16)
    assert found.gap_max > 0.01
    assert found.gap_max / 10 > found.gap_rms > 1e-4
    assert found.valid_time_s < found.cured_valid_time_s <= found.tested_s == 5.0
    [warning] = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    for figure in (found.gap_max, found.gap_rms):
        assert f"{figure:.2g}" in warning
    own, cured = f"for {found.valid_time_s:.1f} s of 5 s", f"for {found.cured_valid_time_s:.1f} s with {found.cure}"
    assert f"{own}, and {cured}" in warning
    assert found.cure in str(found)
    cured = replace(env, mjcf=env.mjcf.replace("<statistic", f"{found.cure}<statistic", 1))
    assert cured.dt == env.dt
    caplog.clear()
    assert check(source(cured), 16).negligible
    assert not caplog.records


@pytest.mark.parametrize("cure", CURES)
def test_each_cure_is_one(monkeypatch, cure):
    monkeypatch.setattr(warmstart, "CURES", (cure,))
    monkeypatch.setattr(warmstart, "LONG", 10)
    assert check(source(cut_short(), 100), 8).cure == cure


def test_the_first_option_that_closes_the_gap_is_named(monkeypatch):
    monkeypatch.setattr(warmstart, "CURES", ('<option iterations="1"/>', *CURES))
    monkeypatch.setattr(warmstart, "LONG", 10)
    assert check(source(cut_short(), 100), 8).cure == CURES[0]


def test_where_no_option_helps_it_says_so(monkeypatch, caplog):
    monkeypatch.setattr(warmstart, "CURES", ('<option iterations="1"/>',))
    found = check(source(cut_short(), 100), 8)
    assert (found.cure, found.cured_valid_time_s) == (None, None)
    assert caplog.messages[-1].endswith("s of 5 s; no option of its constraint solver was found to cure that")
    assert str(found).endswith("cure: none found")


def test_a_trajectory_that_the_simulator_loses_is_over_there():
    mjcf = """<mujoco><option gravity="0 0 0"/><worldbody><body><joint name="z" type="slide" stiffness="-1e4"/>
    <geom size=".1"/></body></worldbody></mujoco>"""
    env = MjcfEnv(xml="rocket.xml", mjcf=mjcf)
    assert 0 < warmstart._valid_time(env, Source(env, Passive(), 0, 500), 32, np.ones(2)) < 0.5


def test_figures_are_kept_beside_the_data(tmp_path):
    for found in (WarmstartCheck(1e-17, 1e-15), WarmstartCheck(1e-3, 0.1, 25.0, 3.2, CURES[0], 10.2)):
        found.keep(tmp_path)
        assert WarmstartCheck.kept(tmp_path) == found


def test_data_without_figures_have_none_and_broken_ones_are_named(tmp_path):
    assert WarmstartCheck.kept(tmp_path) is None
    for broken in ("{", '{"gap": 1}', "[]"):
        (tmp_path / "warmstart.json").write_text(broken)
        with pytest.raises(UserError, match=f"the dataset {tmp_path} is damaged: warmstart.json"):
            WarmstartCheck.kept(tmp_path)
