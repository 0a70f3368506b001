"""The table of policies that are trained in a model."""

from benchmarks import policies

RESULT = {
    "steps": 1_000_000,
    "model": {"seconds": 120.4, "returns": {"model": 800.0, "mujoco": 760.0}},
    "mujoco": {"seconds": 300.0, "returns": {"model": 700.0, "mujoco": 950.0}},
}


def test_the_returns_of_a_policy_are_compared_in_mujoco():
    table = policies.table({"cart_pole mlp, swing_up": RESULT})
    assert "| 1,000,000 | 120 s | 800 | 760 (95 %) | 950 (the policy of the model reaches 80 %) |" in table
