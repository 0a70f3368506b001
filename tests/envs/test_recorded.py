"""Machines without mechanics: `env=data`."""

import numpy as np
import pytest

from dynax import envs
from dynax.architectures import LagrangianDynamicsModel
from dynax.envs.recorded import Coordinate, DataEnv, is_recorded_mjcf, recorded_mjcf
from dynax.errors import UserError

COORDINATES = (Coordinate("arm & <joint>", True, "rad"), Coordinate("slide", False, "mm"))


@pytest.fixture
def machine():
    return DataEnv(mjcf=recorded_mjcf("my_machine", COORDINATES, ["u1", "u2"], 0.004))


def test_names_kinds_units_and_step_are_those_of_the_description(machine):
    space = machine.space
    assert (machine.name, machine.dt, machine.action_names) == ("my_machine", 0.004, ("u1", "u2"))
    assert space.labels == ("arm & <joint>", "slide", "arm & <joint> velocity", "slide velocity")
    assert space.units == ("rad", "mm", "rad/s", "mm/s")
    assert space.wrapped.tolist() == [True, False]
    assert not space.invariant.any()


def test_a_group_and_the_mjcf_rebuild_the_machine(machine):
    other = envs.make(envs.group_of(machine), machine.mjcf)
    assert (other.name, other.space.units) == (machine.name, machine.space.units)
    assert is_recorded_mjcf(other.mjcf)
    assert not is_recorded_mjcf(envs.PendulumEnv().mjcf)


def test_without_a_dataset_there_is_no_machine():
    with pytest.raises(UserError, match=r"env\.name=data has no simulator: give the dataset of a log"):
        envs.make({"name": "data"})


def test_structured_models_need_mechanics(machine):
    with pytest.raises(UserError, match=r"model\.architecture=lagrangian needs the mechanics of an MJCF"):
        LagrangianDynamicsModel(env=machine)


def test_angles_differ_by_less_than_a_turn(machine):
    start, end = np.array([3.0, 3.0, 0.0, 0.0]), np.array([-3.0, -3.0, 0.0, 0.0])
    np.testing.assert_allclose(machine.space.difference(start, end), [2 * np.pi - 6, -6, 0, 0])
