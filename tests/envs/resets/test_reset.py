"""Any reset works with any robot."""

import numpy as np
import pytest

from dynax import envs
from dynax.config.registries import RESETS
from dynax.errors import UserError

ROBOTS = ("cart_pole", "hopper", "quadruped", "arm")


@pytest.mark.parametrize("robot", ROBOTS)
@pytest.mark.parametrize("reset", RESETS.names())
def test_any_reset_draws_states_of_any_robot(reset, robot):
    env = envs.make({"name": robot, "reset": {"name": reset}})
    states = env.sample_states(np.random.default_rng(0), 3)
    assert states.shape == (3, env.state_dim)
    assert states.dtype == np.float64
    assert np.isfinite(states).all()
    assert env.reset.name == reset


def test_without_a_name_the_reset_is_that_of_the_robot():
    assert envs.make({"name": "hopper", "reset": {"wide_share": 0.0}}).reset.name == "standing"


def test_an_unknown_reset_is_an_error():
    with pytest.raises(UserError, match=r"^env.reset.name=stand is not one of .* \(did you mean `standing`\?\)"):
        envs.make({"name": "hopper", "reset": {"name": "stand"}})


def test_a_value_that_is_no_section_is_an_error():
    with pytest.raises(UserError, match=r"^env.reset=standing must be a mapping.*; env/reset=standing sets it"):
        envs.make({"name": "hopper", "reset": "standing"})


def test_an_error_contains_the_whole_key():
    with pytest.raises(UserError, match=r"^env.reset.wide_share=2 is out of range"):
        envs.make({"name": "hopper", "reset": {"wide_share": 2}})
    with pytest.raises(UserError, match=r"^env.reset.qpos=\[1.0, 2.0\] must be one half-width"):
        envs.make({"name": "pendulum", "reset": {"qpos": [1, 2]}})
    with pytest.raises(UserError, match=r"^env.decimation=0 is out of range"):
        envs.make({"name": "pendulum", "decimation": 0})
