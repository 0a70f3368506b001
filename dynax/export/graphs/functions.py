"""The graphs of one step and of a rollout."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from dynax.config.schema import ExportConfig
from dynax.export.graphs.graph import Graph
from dynax.export.graphs.tracing import Unsupported, trace
from dynax.export.programs import not_representable, programs
from dynax.trained import TrainedModel


def step_graph(format: str, trained: TrainedModel, config: ExportConfig) -> Graph:
    """Return the graph of `TrainedModel.step`.

    Raises:
        UserError: if the model contains an operation that graphs do not have.
    """
    program, _ = programs(trained, config, config.batch)

    def step(params: Any, states: jax.Array, actions: jax.Array) -> jax.Array:
        return dataclasses.replace(trained, params=params).step(states, actions)

    return _graph(format, trained, step, dict(zip(("states", "actions"), program.inputs, strict=True)))


def advance_graph(format: str, trained: TrainedModel, config: ExportConfig) -> Graph:
    """Return the graph from a history, the earlier actions and the current action to those of the next step.

    Without a history, there are no earlier actions. The last result is the next state.

    Raises:
        UserError: if the model contains an operation that graphs do not have.
    """
    program, _ = programs(trained, config, config.batch)
    batch, count = config.batch, trained.model.action_dim

    def advance(params: Any, states: jax.Array, *actions: jax.Array) -> tuple[jax.Array, ...]:
        model = dataclasses.replace(trained, params=params)
        if trained.history_length == 1:
            following = model.step(states, actions[-1])
            return following, following
        past = jnp.concatenate([actions[0], actions[1][:, None]], axis=1)
        following = model.step(states, past)
        return jnp.concatenate([states[:, 1:], following[:, None]], axis=1), past[:, 1:], following

    shapes = {"history": program.inputs[0]}
    if trained.history_length > 1:
        shapes["past"] = jax.ShapeDtypeStruct((batch, trained.history_length - 1, count), jnp.float32)
    return _graph(format, trained, advance, {**shapes, "action": jax.ShapeDtypeStruct((batch, count), jnp.float32)})


def _graph(format: str, trained: TrainedModel, function: Callable[..., Any], inputs: dict[str, Any]) -> Graph:
    try:
        return trace(function, dict(trained.params), list(inputs.items()))
    except Unsupported as error:
        raise not_representable(format, trained, f"it contains the operation {error}") from error
