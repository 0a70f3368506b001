"""Settings that are numbers of a compiled program, by which several trainings can share it."""

import copy
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from dynax.config.schema import TrainingConfig
from dynax.errors import UserError

NUMBERS = (  # settings that may be traced by JAX
    "learning_rate",
    "final_learning_rate",
    "unroll_learning_rate",
    "weight_decay",
    "gradient_clip",
    "ema_decay",
    "input_noise",
)


def with_numbers(config: TrainingConfig, **numbers: Any) -> TrainingConfig:
    """Return a copy of `config` with other values of `NUMBERS`, without their checks: they may be traced by JAX."""
    assert set(numbers) <= set(NUMBERS), "only these settings may be traced"
    changed = copy.copy(config)
    for name, value in numbers.items():
        object.__setattr__(changed, name, value)
    return changed


def is_zero(value: Any) -> bool:
    """Return whether a setting is zero; a traced value is not, because a program without it is another program."""
    return isinstance(value, (int, float)) and value == 0


def shared_settings(config: TrainingConfig) -> dict[str, Any]:
    """Return the settings that all trainings of a `TrainingGroup` share.

    These are all settings but `NUMBERS` and the seed. Of the numbers, it only matters whether they are null, and
    whether there is input noise.
    """
    shared = {f.name: getattr(config, f.name) for f in fields(config) if f.name not in (*NUMBERS, "seed")}
    nulls = {name: getattr(config, name) is None for name in NUMBERS}
    return {**shared, "nulls": nulls, "input_noise": is_zero(config.input_noise)}


def different_numbers(configs: Sequence[TrainingConfig]) -> dict[str, np.ndarray]:
    """Return the `NUMBERS` in which some trainings differ, one value for each training, (J,) float32.

    Raises:
        UserError: if the trainings also differ in other settings.
    """
    first = shared_settings(configs[0])
    for config in configs[1:]:
        if different := [name for name, value in shared_settings(config).items() if value != first[name]]:
            raise UserError(f"the trainings of a group must have the same {different[0]}")
    values = {name: [getattr(config, name) for config in configs] for name in NUMBERS}
    return {name: np.array(each, np.float32) for name, each in values.items() if len(set(each)) > 1}
