"""Settings that are numbers of a compiled program, by which several trainings can share it."""

import copy
from typing import Any

from dynax.config.schema import TrainingConfig

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
