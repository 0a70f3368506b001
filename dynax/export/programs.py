"""One step and a rollout of a trained model, as functions of arrays of fixed shapes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from dynax.config.schema import ExportConfig
from dynax.errors import UserError
from dynax.trained import TrainedModel


@dataclass(frozen=True)
class Program:
    """A function of states and actions, and the shapes of its arrays, which are float32.

    Without a history, states have the shape (B, S). Otherwise, they have the shape (B, h, S).
    """

    name: str
    call: Callable[[jax.Array, jax.Array], jax.Array]
    states: tuple[Any, ...]
    actions: tuple[Any, ...]
    result: tuple[Any, ...]

    @property
    def inputs(self) -> tuple[jax.ShapeDtypeStruct, jax.ShapeDtypeStruct]:
        """The shapes of the inputs, as JAX needs them."""
        return jax.ShapeDtypeStruct(self.states, jnp.float32), jax.ShapeDtypeStruct(self.actions, jnp.float32)


def programs(trained: TrainedModel, config: ExportConfig, batch: Any) -> tuple[Program, Program]:
    """Return one step and a rollout.

    Args:
        trained: the model with its parameters.
        config: the number of steps of the rollout.
        batch: the first entry of all shapes: a number, a symbol of `jax.export`, or a name.
    """
    h, size, count = trained.history_length, trained.model.state_dim, trained.model.action_dim
    states = (batch, size) if h == 1 else (batch, h, size)
    last = (batch, count) if h == 1 else (batch, h, count)
    actions = (batch, h - 1 + config.steps, count)
    return (
        Program("step", trained.step, states, last, (batch, size)),
        Program("rollout", trained.rollout, states, actions, (batch, config.steps + 1, size)),
    )


def not_representable(format: str, trained: TrainedModel, reason: str) -> UserError:
    """Return the error that a format cannot represent a model."""
    model = f"model.architecture={trained.model.architecture} of {trained.env.name}"
    return UserError(f"format={format} cannot represent {model}: {reason}")
