"""The schema of the config groups: valid ranges, and derived settings."""

import subprocess
import sys

import pytest
from sections import SECTIONS

from dynax.config.options import section
from dynax.config.schema import TrainingConfig
from dynax.errors import UserError


@pytest.mark.parametrize(
    ("group", "key", "value"),
    [
        ("collect", "num_rollouts", 1),
        ("collect", "rollout_length", 0),
        ("collect", "seed", -1),
        ("collect", "backend", "gpu"),
        ("training", "num_epochs", 0),
        ("training", "batch_size", 0),
        ("training", "optimizer", "sgd"),
        ("training", "learning_rate", -1.0),
        ("training", "learning_rate", float("nan")),
        ("training", "final_learning_rate", 1.0),
        ("training", "warmup_steps", -1),
        ("training", "weight_decay", -0.1),
        ("training", "gradient_clip", 0.0),
        ("training", "ema_decay", 1.1),
        ("training", "input_noise", -0.1),
        ("training", "impact_weight", 0),
        ("training", "unroll_epochs", -1),
        ("training", "unroll_horizons", [8, 1]),
        ("training", "unroll_learning_rate", 0.0),
        ("training", "finetune", "newton"),
        ("training", "finetune_steps", 0),
        ("training", "finetune_horizons", [0]),
        ("training", "finetune_horizons", []),
        ("training", "patience", 0),
        ("training", "val_rollouts", 0),
        ("training", "val_fraction", 0.0),
        ("training", "val_fraction", 1.0),
        ("training", "checkpoint_every", 0),
        ("eval", "num_trajectories", 1),
        ("eval", "seconds", 0.0),
        ("eval", "seconds", float("inf")),
        ("eval", "actions", "random"),
        ("eval", "warmup", -1),
        ("render", "width", 10),
        ("render", "fps", 0),
        ("render", "speed", 0.0),
        ("render", "backend", "glx"),
        ("render", "formats", ["avi"]),
        ("render", "formats", []),
    ],
)
def test_a_value_out_of_range_is_an_error_with_its_key(group, key, value):
    with pytest.raises(UserError, match=rf"^{group}\.{key}="):
        section(SECTIONS[group], {key: value}, group)


def test_the_schema_needs_neither_jax_nor_mujoco():
    code = "import sys, dynax.config.schema; print(sorted({'jax', 'mujoco', 'numpy', 'jaxtyping'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_choices_of_the_schema_are_those_of_the_implementations():
    from dynax.config import schema
    from dynax.evaluation import testset
    from dynax.training import losses

    assert set(schema.TEST_ACTIONS) == set(testset.ACTIONS)
    for name in losses.LOSSES:
        schema.TrainingConfig(loss=name)


@pytest.mark.parametrize(
    ("options", "epochs", "horizon"),
    [
        ({}, 10, 1),
        ({"finetune": "lbfgs"}, 11, 1),
        ({"finetune": "levenberg_marquardt", "finetune_horizons": (1, 20)}, 11, 20),
        ({"finetune_horizons": (1, 20)}, 10, 1),
        ({"unroll_epochs": 2, "unroll_horizons": (8, 32, 4)}, 16, 32),
        ({"unroll_epochs": 2, "unroll_horizons": ()}, 10, 1),
        ({"unroll_epochs": 0, "unroll_horizons": (8,)}, 10, 1),
    ],
)
def test_a_training_has_a_number_of_epochs_and_a_longest_horizon(options, epochs, horizon):
    config = TrainingConfig(num_epochs=10, **options)
    assert (config.total_epochs, config.horizon) == (epochs, horizon)


def test_in_python_an_error_names_the_argument():
    with pytest.raises(UserError, match=r"^num_epochs=0 is out of range"):
        TrainingConfig(num_epochs=0)
    with pytest.raises(UserError, match=r"^optimizer=sgd is not one of adam, adamw, muon, soap"):
        TrainingConfig(optimizer="sgd")
