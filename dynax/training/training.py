"""`Training`: an object that owns the state of a training. `step()` runs an epoch, `advance()` a piece of an epoch."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from dynax.base import BaseDynamicsModel, Variables
from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.errors import RunError
from dynax.math.precision import in_single_precision
from dynax.training import second_order
from dynax.training.data_check import check_data
from dynax.training.epoch_size import optimizer_for
from dynax.training.epochs import TrainState, initial_state
from dynax.training.init_check import check_initial
from dynax.training.memory_check import check_parameters
from dynax.training.random_key import raw_key
from dynax.training.shards import with_shards
from dynax.training.stages import EpochRunner, Stage, stages_of
from dynax.training.training_set import TrainingSet
from dynax.training.validation import Validation, keep_best
from dynax.training.windows import check_length

log = logging.getLogger(__name__)

MAX_LOSS = 1e4  # mean squared error, in units of the target's variance, at which a training has diverged


@dataclass(frozen=True)
class EpochMetrics:
    """The result of one epoch."""

    epoch: int  # number of the epoch, counted from one through all stages
    loss: float  # mean squared error over the epoch, relative to the variance of the target, or of the change of state
    val_nrmse: float  # open-loop error on validation trajectories, geometric mean over trajectories and steps
    val_valid_time: float  # median time at which the normalized error first exceeds 0.1, s


class Training:
    """The training of a model.

    Args:
        model: the model, which is not changed.
        train: training trajectories, or a training set that was prepared from them.
        val: validation trajectories.
        config: settings.
        key: random key, or integer seed, that determines initial parameters, data order and dropout.
        init: variables of a model with the same options, from which the training starts; by default new parameters.
            Their normalization is kept, so that the parameters have the same meaning for other data.

    Raises:
        UserError: if data, model and `init` do not match, or if the trajectories are too short.
    """

    @in_single_precision
    def __init__(
        self,
        model: BaseDynamicsModel,
        train: Trajectories | TrainingSet,
        val: Trajectories,
        config: TrainingConfig,
        key: jax.Array | int,
        init: Variables | None = None,
    ):
        data = train.data if isinstance(train, TrainingSet) else train
        check_data(model, val, "validation")
        check_parameters(model, config)
        check_length(data.actions.shape[1], model.history, config.horizon)
        if init is not None:
            check_initial(model, init, train.normalization if isinstance(train, TrainingSet) else None)
        self.train = (
            train if isinstance(train, TrainingSet) else TrainingSet.of(model, train, init and init["normalization"])
        )
        self.config, self.stages = with_shards(config), stages_of(config)
        init_key, run_key = jax.random.split(raw_key(key))
        params = (init or model.create(init_key, self.train.normalization))["params"]
        second_order.check_size(params, config)
        self._state = initial_state(params, optimizer_for(self.train, self.config), run_key)
        self._validate = Validation(model, val, config.val_rollouts)
        self._running: tuple[Stage, EpochRunner] | None = None
        self._position: Any = None  # position in the current epoch, or None between two epochs
        self._pieces: Iterator[tuple[TrainState, Any]] | None = None  # the rest of the current epoch

    @property
    def epoch(self) -> int:
        """Number of completed epochs. Epochs that patience skipped are counted once the next stage has begun."""
        return int(self._state.epoch)

    @property
    def best_epoch(self) -> int:
        """Epoch with the lowest validation error."""
        return int(self._state.best_epoch)

    @property
    def best_val_nrmse(self) -> float:
        """Lowest validation error."""
        return float(self._state.best_error)

    @property
    def best_params(self) -> PyTree:
        """Parameters of the epoch with the lowest validation error; a copy."""
        return _copy(self._state.best)

    def variables(self) -> Variables:
        """Return the best parameters with the normalization, as `BaseDynamicsModel.rollout` expects them."""
        return {"params": self.best_params, "normalization": self.train.normalization}

    @property
    def state(self) -> TrainState:
        """The complete state, for a checkpoint; a copy."""
        return _copy(self._state)

    @property
    def position(self) -> PyTree | None:
        """The position in the current epoch, for a checkpoint; a copy. None between two epochs."""
        return None if self._position is None else jax.tree.map(np.array, self._position)

    @property
    def current_epoch(self) -> int | None:
        """Number of the epoch that is partly done, or None between two epochs."""
        return None if self._position is None else self.epoch + 1

    def restore(self, state: TrainState) -> None:
        """Continue from a state that another training with the same settings has returned."""
        self._state, self._running = _copy(state), None
        self._pieces = self._position = None

    def restore_position(self, position: PyTree) -> None:
        """Continue within an epoch, from the `position` that belongs to the restored state."""
        self._pieces, self._position = None, _copy(position)

    @in_single_precision
    def position_template(self) -> PyTree:
        """Return a position in the next epoch, with the shapes that `restore_position` expects."""
        stage = self.stage
        assert stage is not None, "a complete training has no position in an epoch"
        return self._runner(stage).start(self._state)

    @property
    def stage(self) -> Stage | None:
        """The stage of the next epoch, or None if the training is complete."""
        return next((stage for stage in self.stages if self._has_epochs_left(stage)), None)

    def step(self) -> EpochMetrics | None:
        """Run the next epoch.

        Returns:
            The metrics of the epoch, or None if the training is complete.

        Raises:
            RunError: if the loss is not finite or exceeds `MAX_LOSS`. The best parameters are kept.
        """
        while self.stage is not None:
            if metrics := self.advance():
                return metrics
        self._log_early_end(self.config.total_epochs)
        return None

    @in_single_precision
    def advance(self) -> EpochMetrics | None:
        """Run about a second of the next epoch. The lengths of these pieces do not influence the result.

        Returns:
            The metrics of the epoch after its last piece, otherwise None. They are computed in a call of their own.

        Raises:
            RunError: as `step`.
        """
        stage = self.stage
        assert stage is not None, "a complete training cannot advance"
        runner = self._runner(stage)
        if self._pieces is None:
            if self._position is None:
                self.begin_stage(stage)
                self._position = runner.start(self._state)
            self._pieces = runner.pieces(self._state, self._position)
        piece = next(self._pieces, None)
        if piece is None:
            return self.end_epoch(stage, *runner.finish(self._state, self._position))
        self._state, self._position = piece
        self._check_loss(stage, self.epoch + 1, runner.least_loss(self._position))
        return None

    def begin_stage(self, stage: Stage) -> None:
        """Prepare the state if the next epoch is the first of the stage."""
        if self.epoch < stage.first and stage.first > 1:
            self._log_early_end(stage.first - 1)
            state = self._state.replace(epoch=jnp.int32(stage.first - 1))
            self._state = stage.begin(self.train, self.config, state)

    @in_single_precision
    def end_epoch(self, stage: Stage, state: TrainState, loss: Float[Array, ""]) -> EpochMetrics:
        """Validate the parameters after an epoch.

        Args:
            stage: the stage of the epoch.
            state: the state after the epoch, which this object owns from now on.
            loss: mean squared error of the epoch.

        Raises:
            RunError: as `step`.
        """
        self._state = state
        self._position = self._pieces = None
        self._check_loss(stage, self.epoch, float(loss))
        nrmse, valid_time = self._validate({"params": state.ema, "normalization": self.train.normalization})
        self._state = keep_best(state, jnp.float32(nrmse))
        return EpochMetrics(self.epoch, float(loss), nrmse, valid_time)

    @staticmethod
    def _check_loss(stage: Stage, number: int, loss: float) -> None:
        if not loss < MAX_LOSS:
            raise RunError(f"training diverged in epoch {number}: the loss is {loss:.3g}; {stage.remedy}")

    def _runner(self, stage: Stage) -> EpochRunner:
        """Return the epochs of a stage."""
        if self._running is None or self._running[0] is not stage:
            self._running = None  # frees the programs of the previous stage before others are compiled
            self._running = stage, stage.runner(self.train, self.config)
        return self._running[1]

    def _log_early_end(self, last: int) -> None:
        if self.epoch < last:
            log.info(
                "one-step training ended after epoch %d: no lower validation error since epoch %d",
                self.epoch,
                self.best_epoch,
            )

    def _has_epochs_left(self, stage: Stage) -> bool:
        impatient = stage.patience is not None and self.epoch - self.best_epoch >= stage.patience
        return self.epoch < stage.last and not impatient


def _copy(tree: PyTree) -> PyTree:
    return jax.tree.map(jnp.array, tree)
