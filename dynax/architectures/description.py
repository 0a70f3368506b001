"""The title, the prior knowledge and the notes of a model, for tables and summaries."""

from dynax.base import BaseDynamicsModel


def title(model: BaseDynamicsModel) -> str:
    """Return the robot and the architecture."""
    return model.title


def prior_knowledge(model: BaseDynamicsModel) -> tuple[str, ...]:
    """Return the prior knowledge of the robot that the model has before training."""
    return tuple(model.given)


def notes(model: BaseDynamicsModel) -> tuple[str, ...]:
    """Return notes on options that have another meaning for this robot than for others."""
    return model.notes
