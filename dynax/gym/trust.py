"""The end of an episode at the trust horizon of an ensemble."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from dynax.errors import UserError
from dynax.math.arrays import AnyArray
from dynax.trained import TrainedModel


@dataclass(frozen=True, eq=False)
class TrustTest:
    """A test of whether a prediction can still be trusted, from the predictions of all members.

    Raises:
        UserError: if the model has no calibration.
    """

    trained: TrainedModel
    steps: int  # largest number of control steps of an episode
    threshold: float  # expected normalized error at which an episode ends, standard deviations

    def __post_init__(self):
        if self.trained.calibration is None:
            raise UserError(
                "trust needs a calibrated ensemble: train one, for example with model.ensemble_size=5", "trust"
            )

    def start(self, history: Float[AnyArray, "h S"]) -> Float[Array, "E h S"]:
        """Return the histories of the members at the beginning of an episode."""
        return jnp.broadcast_to(jnp.asarray(history), (self.trained.model.ensemble_size, *history.shape))

    def advance(
        self, members: Float[AnyArray, "E h S"], actions: Float[Array, "n A"], step: AnyArray
    ) -> Float[Array, "E h S"]:
        """Return the histories of the members after further actions.

        Args:
            members: their last h states.
            actions: the actions of the first h - 1 of these states, then those of the control steps that follow.
            step: control steps since the beginning of the episode, which determine the noise of a Gaussian head.
        """
        model, params = self.trained.model, self.trained.params
        single = model.clone(ensemble_size=1)

        def one(own: Any, actions: jax.Array) -> jax.Array:
            member, history, key = own
            variables = {**params, "params": member}
            path = single.simulate(variables, history[None], actions[None], key=jax.random.fold_in(key, step))[0]
            return jnp.concatenate([history, path[1:]])[-len(history) :]

        return model.ensemble.apply(one, (params["params"], members, model.ensemble.keys(0)), actions)

    def lost(
        self, members: Float[AnyArray, "E h S"], prediction: Float[AnyArray, " S"], step: AnyArray
    ) -> Bool[Array, ""]:
        """Return whether the expected error exceeds the threshold.

        Args:
            members: the last h states of the members.
            prediction: the state that the ensemble predicts.
            step: control steps since the beginning of the episode.
        """
        space, observed = self.trained.env.space, self.trained.observed
        distance = space.difference(jnp.asarray(prediction), members[:, -1]) / self._unit
        spread = jnp.sqrt(jnp.mean(jnp.square(distance), axis=0))
        error = jnp.asarray(self._factors)[jnp.minimum(step, self.steps)] * spread
        return ~(jnp.sqrt(jnp.mean(jnp.square(error[observed]))) <= self.threshold)

    @cached_property
    def _unit(self) -> Float[np.ndarray, " C"]:
        assert self.trained.calibration
        return self.trained.calibration.state_std.astype(np.float32)

    @cached_property
    def _factors(self) -> Float[np.ndarray, "T1 C"]:
        assert self.trained.calibration
        return self.trained.calibration.spread_multipliers(self.steps + 1).astype(np.float32)
