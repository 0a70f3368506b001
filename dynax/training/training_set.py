"""`TrainingSet`: everything about the training data that does not depend on the parameters, computed once."""

import logging
from dataclasses import dataclass
from functools import cached_property

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from dynax.base import BaseDynamicsModel, Variables
from dynax.data.trajectories import Trajectories
from dynax.evaluation import metrics
from dynax.evaluation.motion import warn_of_still_coordinates
from dynax.training.data_check import check_data
from dynax.training.impacts import impacts
from dynax.training.normalization import normalization_of
from dynax.training.samples import Samples, make_samples
from dynax.training.windows import window_ends

log = logging.getLogger(__name__)

MIN_CHANGE = 1e-8  # smallest unit in which a change of state is measured


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Training data of one model. Create it with `TrainingSet.of`."""

    model: BaseDynamicsModel
    data: Trajectories
    normalization: Variables  # mean and std of features, actions and targets
    samples: Samples  # transitions in float32 on the device, with the contact cache of their states

    @classmethod
    def of(cls, model: BaseDynamicsModel, data: Trajectories, normalization: Variables | None = None) -> "TrainingSet":
        """Prepare `data` for the training of `model`.

        Args:
            model: the model; only its options matter.
            data: trajectories of the model's robot.
            normalization: statistics of a training that is continued; by default those of `data`.

        Raises:
            UserError: if the data do not belong to the robot; see `check_data`.
        """
        check_data(model, data, "training")
        log.info("preparing %d transitions: compiling, then computing the features", data.num_transitions)
        warn_of_still_coordinates(model.env, metrics.state_std(model.env.space, data.states), "the training data")
        contacts = model.contact_cache(data.states[:, :-1].reshape(data.num_transitions, -1))
        if normalization is None:
            normalization = normalization_of(model, data, contacts and contacts.features)
        return cls(model, data, normalization, make_samples(model, data, normalization, contacts=contacts))

    @property
    def steps(self) -> int:
        """Number of steps of each trajectory."""
        return self.data.actions.shape[1]

    def window_ends(self, horizon: int = 1) -> Int[np.ndarray, " W"]:
        """Return the transitions at which the model's history ends and `horizon` predicted steps begin."""
        return window_ends(len(self.data), self.steps, self.model.history, horizon)

    def weighted_ends(self, impact_weight: int) -> Int[np.ndarray, " R"]:
        """Return the window ends (R,), with those at impacts repeated `impact_weight` times."""
        ends = self.window_ends()
        if impact_weight == 1:
            return ends
        at_impact = self.impacts.ravel()[ends]
        log.info(
            "%.1f%% of the transitions are near impacts; each is drawn %d times as often as another transition",
            100 * at_impact.mean(),
            impact_weight,
        )
        return np.concatenate([ends, np.repeat(ends[at_impact], impact_weight - 1)])

    @cached_property
    def impacts(self) -> Bool[np.ndarray, "N T"]:
        """Transitions near the activation or deactivation of a constraint."""
        return impacts(self.model.env, self.data.states)

    @cached_property
    def state_std(self) -> Float[np.ndarray, " C"]:
        """Standard deviation of the states, in tangent coordinates."""
        return metrics.state_std(self.model.env.space, self.data.states)

    @cached_property
    def change_std(self) -> Float[np.ndarray, " C"]:
        """Standard deviation of the change of state over one step, in tangent coordinates."""
        change = self.model.env.space.difference(self.data.states[:, :-1], self.data.states[:, 1:])
        return np.maximum(change.std(axis=(0, 1), dtype=np.float64), MIN_CHANGE)

    def double_samples(self) -> Samples:
        """Return the transitions in float64, without contact cache; `jax.enable_x64` must be on."""
        return make_samples(self.model, self.data, self.normalization, np.float64)

    def spread_ends(self, key: jax.Array, horizon: int, max_count: int) -> Int[np.ndarray, " R"]:
        """Return window ends whose predictions of `horizon` steps cover the data, at most `max_count`, shuffled."""
        first, last = self.model.history - 1, self.steps - horizon
        count = -(-(self.steps - first) // horizon)
        starts = np.unique(np.linspace(first, last, count).round().astype(np.int32))
        ends = np.arange(len(self.data), dtype=np.int32)[:, None] * self.steps + starts
        return np.asarray(jax.random.permutation(key, ends.ravel())[:max_count])

    def random_ends(self, key: jax.Array, max_count: int) -> Int[np.ndarray, " R"]:
        """Return at most `max_count` window ends in random order."""
        return np.asarray(jax.random.permutation(key, self.window_ends())[:max_count])
