"""A function of a plugin as the policy of a collection."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from dynax.config.registries import POLICIES, plugins
from dynax.data.closed_loop import Act
from dynax.envs import Env
from dynax.errors import UserError


@dataclass(eq=False)
class FunctionPolicy:
    """A function `policy(state, rng)` of a plugin, which returns the action of the next control step.

    Args:
        name: name of the policy.
        sha256: SHA-256 of the file that defines it.
        function: the function. Its arguments are a state (s,) and a random generator of the trajectory.
        action_dim: number of entries of an action.
    """

    name: str
    sha256: str
    function: Callable[[np.ndarray, np.random.Generator], Any]
    action_dim: int
    repeat: int = 1
    group: int | None = None

    @property
    def identity(self) -> dict[str, str]:
        return {"kind": "function", "name": self.name, "sha256": self.sha256}

    def start(self, slots: Sequence[int], streams: Sequence[np.random.SeedSequence]) -> Act:
        rngs = [np.random.default_rng(stream) for stream in streams]

        def act(states: np.ndarray, executed: np.ndarray) -> np.ndarray:
            rows = zip(states[:, -1], rngs, strict=True)
            return np.array([self._action(state, rng) for state, rng in rows]).reshape(len(states), self.action_dim)

        return act

    def _action(self, state: Float[np.ndarray, " s"], rng: np.random.Generator) -> Float[np.ndarray, " u"]:
        try:
            action = np.asarray(self.function(state.copy(), rng), float)
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise UserError(f"policy={self.name}: the function policy(state, rng) fails: {reason}", "policy") from error
        if action.shape != (self.action_dim,) or not np.isfinite(action).all():
            text = f"returns {action} of shape {action.shape}, not {self.action_dim} finite numbers"
            raise UserError(f"policy={self.name}: the function policy(state, rng) {text}", "policy")
        return action


def function_policy(name: str, env: Env) -> FunctionPolicy:
    """Return the policy of a plugin.

    Args:
        name: name of the plugin, the stem of its file.
        env: the robot.

    Raises:
        UserError: if no plugin with this name defines a function `policy`.
    """
    function = POLICIES.get(name, "collect.policy")
    sha256 = next(plugin.sha256 for plugin in plugins() if plugin.name == name)
    return FunctionPolicy(name, sha256, function, env.action_dim)
