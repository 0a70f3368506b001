"""Actions of robots with activations and mocap bodies."""

import numpy as np
from simulation_cases import TOWED, robot

from dynax.data.simulate import simulate


def test_mocap_poses_are_entries_of_an_action_after_the_controls():
    env = robot(TOWED)
    assert env.action_names == ("muscle", "hand x", "hand y", "hand z", "hand qw", "hand qx", "hand qy", "hand qz")
    low, high = env.action_bounds
    np.testing.assert_allclose((low + high) / 2, [0, 0, 0, 1, 1, 0, 0, 0])
    np.testing.assert_allclose(high[1:4] - low[1:4], 0.2)


def at_rest(env, n, steps):
    """Return default states (n, s), and actions (n, t, u) that keep the hand in place."""
    low, high = env.action_bounds
    return np.tile(env.space.default_state, (n, 1)), np.tile((low + high) / 2, (n, steps, 1))


def test_a_robot_follows_the_mocap_body_that_it_is_welded_to():
    env = robot(TOWED)
    states, actions = at_rest(env, 2, 1500)
    actions[1, :, 1:4] += [0.1, 0, 0.05]
    actions[1, :, 4:] = [np.cos(0.2), 0, 0, np.sin(0.2)]  # 0.4 rad about z
    paths = simulate(env, states, actions, "native")
    still, displaced = env.space.positions(paths)[:, -1, :6] - env.space.default_state[[0, 1, 2, 4, 5, 6]]
    np.testing.assert_allclose(still, 0, atol=1e-6)
    np.testing.assert_allclose(displaced, [0.1, 0, 0.05, 0, 0, 0.4], atol=0.01)


def test_an_activation_follows_its_control_through_its_filter():
    env = robot(TOWED)
    states, actions = at_rest(env, 1, 100)
    actions[..., 0] = 1
    [activation] = env.space.act(simulate(env, states, actions, "native"))[..., 0]
    np.testing.assert_allclose(activation, 1 - (1 - 0.002 / 0.05) ** np.arange(101), atol=1e-12)
