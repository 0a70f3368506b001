"""Energy drift and the warm-start check through the command line."""

import json

import pytest

from dynax.envs import CartPoleEnv

SWING = """
<mujoco>
  <option timestep="0.02"/>
  <worldbody>
    <body><joint name="hinge" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 0 0 -1" size="0.03" mass="1"/></body>
  </worldbody>
  <actuator><motor joint="hinge"/></actuator>
</mujoco>
"""
CURE = '<option iterations="20" ls_iterations="20" tolerance="1e-10"/>'


def summary(path):
    return json.loads((path / "summary.json").read_text())


@pytest.mark.slow
def test_the_energy_drift_is_reported_if_the_test_conserves_energy(dynax):
    (dynax.folder / "swing.xml").write_text(SWING)
    run = dynax.smoke("env=mjcf", "env.xml=swing.xml").path
    with_motor = dynax("eval", f"run={run}", "eval=smoke")
    assert summary(with_motor.path)["energy_drift"] is None
    assert "Energy" not in with_motor.err
    ran = dynax("eval", f"run={run}", "eval=smoke", "eval.actions=passive")
    drift = summary(ran.path)["energy_drift"]
    assert set(drift) == {"simulator", "model", "ceiling"}
    assert all(set(by_step) == {"1", "10", "50", "100"} for by_step in drift.values())
    assert drift["ceiling"]["50"] == pytest.approx(drift["simulator"]["50"], rel=0.01)
    assert drift["model"]["50"] != drift["simulator"]["50"] > 0
    assert "Energy drift (the test set conserves energy)" in ran.err
    assert "In units of the mean kinetic energy, " in ran.err


@pytest.mark.slow
def test_a_failed_warm_start_check_is_reported_and_stored(dynax):
    option = 'iterations="20" ls_iterations="20" tolerance="1e-10"'
    (dynax.folder / "robot.xml").write_text(CartPoleEnv().mjcf.replace(option, 'iterations="1"'))
    words = [
        "collect",
        "env=mjcf",
        "env.xml=robot.xml",
        "env.reset.hinge=1",
        "env.reset.slide=1",
        "env.reset.velocity=3",
    ]
    words += ["collect.num_rollouts=8", "collect.rollout_length=200", "collect.backend=native"]
    ran = dynax.process(*words)
    assert "a step of robot depends on more than (qpos, qvel, act)" in ran.err
    assert f"add {CURE} to its MJCF" in ran.err
    again = dynax.process(*words)
    assert again.path == ran.path
    assert "a step of robot depends" not in again.err
    first, second = (summary(run)["warm_start_check"] for run in dynax.folder.glob("outputs/collect/*/*"))
    assert first == second
    assert first["cure"] == CURE
    assert first["tested_s"] == 10 * 2.0  # ten times the length of the data
    assert first["valid_time_s"] < first["cured_valid_time_s"] <= first["tested_s"]
    for line in (ran.err, again.err):
        assert f"failed: gap up to {first['gap_max']:.2g}, VPT(0.1) {first['valid_time_s']:.1f} s" in line
