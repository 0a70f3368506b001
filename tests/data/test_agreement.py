"""The comparison of MJX with C MuJoCo."""

import numpy as np
import pytest
from simulation_cases import PENDULUM, robot

from dynax.data import agreement, backends
from dynax.data.agreement import Agreement, judge
from dynax.errors import UserError

DAMPED = PENDULUM.replace('<motor joint="hinge"/>', '<position name="m" joint="hinge" kp="10" damping=".5"/>')
FAULT = "the coordinate `hinge` differs from C MuJoCo by 0.5 rad after one control step"


def compared(error, constrained):
    """Return the agreement of three steps of a pendulum, with errors (3, 2) of MJX."""
    env = robot(PENDULUM)
    start = np.array([[0.1, 1.0], [0.2, -1.0], [0.3, 2.0]])
    native = start + np.array([0.5, 0.3])
    return judge(env.space, start, native, native + error, np.zeros((3, 2)), np.array(constrained))


def test_rounding_is_accepted():
    assert compared(np.full((3, 2), 1e-5), [False] * 3) == Agreement("", "")


def test_a_difference_without_contacts_is_a_fault():
    error = np.zeros((3, 2))
    error[1, 1] = 0.01
    clause = "the coordinate `hinge velocity` differs from C MuJoCo by 0.01 rad/s after one control step, in which it "
    assert compared(error, [False] * 3) == Agreement(clause + "changes by 0.3 rad/s", "")
    assert compared(error, [False, True, False]) == Agreement("", clause + "changes by 0.3 rad/s")
    error[1, 1] = np.nan
    assert "by inf rad/s" in compared(error, [False] * 3).fault


def test_steps_that_diverge_in_c_mujoco_are_ignored():
    env = robot(PENDULUM)
    start, native = np.zeros((2, 2)), np.full((2, 2), np.nan)
    assert judge(env.space, start, native, start, start, np.zeros(2, bool)) == Agreement("", "")


def test_a_fault_rejects_mjx_or_falls_back(monkeypatch, caplog):
    env = robot(PENDULUM)
    monkeypatch.setattr(backends.mjx, "unsupported_reason", lambda env: "")
    monkeypatch.setattr(backends, "compare", lambda env: Agreement(FAULT, ""))
    with pytest.raises(UserError, match=r"^backend=mjx cannot simulate toy: the coordinate `hinge` differs .* by 0.5"):
        backends.resolve_backend("mjx", env)
    monkeypatch.setattr(backends, "_has_gpu", lambda: True)
    assert backends.resolve_backend("auto", env) == "native"
    assert FAULT in caplog.text
    monkeypatch.setattr(backends, "compare", lambda env: Agreement("", FAULT))
    assert backends.resolve_backend("auto", env) == "mjx"
    assert "with contacts or equality constraints, MJX is less accurate" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize(("mjcf", "agrees"), [(PENDULUM, True), (DAMPED, False)])
def test_mjx_ignores_the_damping_of_actuators(mjcf, agrees):
    """MJX 3.17 also ignores armature of actuators, polynomial damping, the flag `damper` and ellipsoid fluid forces."""
    result = agreement.compare(robot(mjcf))
    assert (result.fault == "") is agrees
    assert result.in_contact == ""
