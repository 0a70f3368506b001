"""`collect.policy`: a function of a plugin, the runs of plan and learn, and wrong input."""

import json

import pytest
from in_process import without_log

SMALL = ("collect.num_rollouts=4", "collect.rollout_length=30", "collect.backend=native")
FUNCTION = """
import numpy as np

def policy(state, rng):
    return np.array([-0.2 * state[1] + 0.01 * rng.normal()])
"""
LEARN = (
    "learn", "task=swing_up", "env=pendulum", "learn=smoke", "model.hidden_dims=[8]",
    "training.optimizer=adam", "learn.transitions=40",
)  # fmt: skip


def manifest(path):
    return json.loads((path / "manifest.json").read_text())


def rejection(finished):
    assert (finished.code, finished.out) == (2, "")
    [message] = [line for line in without_log(finished.err) if not line.startswith("dynax: using ")]
    return message


@pytest.fixture
def function(dynax, plugins):
    (dynax.folder / "damper.py").write_text(FUNCTION)
    return ("collect.policy=damper", "plugins=[damper.py]")


@pytest.mark.slow
def test_a_function_as_a_process(dynax, function):
    finished = dynax.process("collect", "env=pendulum", *SMALL, *function)
    first = manifest(finished.path)
    assert first["policy"]["name"] == "damper"
    assert "using the existing dataset" in dynax.process("collect", "env=pendulum", *SMALL, *function).err
    (dynax.folder / "damper.py").write_text(FUNCTION.replace("0.2", "0.3"))
    second = manifest(dynax("collect", "env=pendulum", *SMALL, *function).path)
    assert second["policy"]["sha256"] != first["policy"]["sha256"]
    assert second["data_sha256"] != first["data_sha256"]


def test_wrong_input(dynax, function):
    message = rejection(dynax("collect", *SMALL, "collect.policy=nothing"))
    assert message.startswith(
        "dynax: collect.policy=nothing is neither a run directory of `dynax plan` or `dynax learn`"
    )
    message = rejection(dynax("collect", *SMALL, f"collect.policy={dynax.folder}"))
    assert message.startswith(f"dynax: collect.policy={dynax.folder} contains no complete checkpoints/epoch-*")
    message = rejection(dynax("collect", *SMALL, *function, "collect.backend=mjx"))
    assert message.startswith("dynax: collect.backend=mjx cannot collect with a policy")
    message = rejection(dynax("collect", *SMALL, *function, "collect.policy_noise=2"))
    assert message.startswith("dynax: collect.policy_noise=2 is out of range")
    (dynax.folder / "damper.py").write_text(FUNCTION.replace("state[1]", "state[7]"))
    message = rejection(dynax("collect", "env=pendulum", *SMALL, *function))
    assert message.startswith("dynax: collect.policy=damper: the function policy(state, rng) fails: IndexError")


@pytest.mark.slow
def test_a_training_with_the_policy_of_a_learn_run(dynax):
    run = dynax(*LEARN).path
    words = ("env=pendulum", *SMALL, f"collect.policy={run}")
    path = dynax("collect", *words).path
    policy = manifest(path)["policy"]
    assert (policy["kind"], policy["task"]["name"], policy["noise"]) == ("planner", "swing_up", 0.3)
    assert rejection(dynax("collect", *words, "env.decimation=2")).endswith("their env.decimation is 1 and 2")
    message = rejection(dynax("collect", *words, "env=cart_pole"))
    assert "controls the robot pendulum, not cart_pole" in message
    trained = dynax.smoke(*words, "collect.num_rollouts=4", "collect.rollout_length=30").path
    assert json.loads((trained / "summary.json").read_text())["dataset"] == str(path)


@pytest.mark.slow
def test_the_policy_of_a_plan_run(dynax, workshop):
    run = workshop.trained("pendulum", "mlp")
    words = ("env=pendulum", *SMALL, "collect.num_rollouts=2")
    message = rejection(dynax("collect", *words, f"collect.policy={run}"))
    assert f"is a training run, which has no task: run `dynax plan run={run} task=<task>`" in message
    planned = dynax("plan", f"run={run}", "task=swing_up", "plan.compare=[]", "plan.backend=software").path
    assert manifest(dynax("collect", *words, f"collect.policy={planned}").path)["policy"]["planner"]["samples"] == 32
    message = rejection(dynax("plan", f"run={planned}", "task=swing_up"))
    assert "contains no complete checkpoints" in message
