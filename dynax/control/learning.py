"""Model-based learning of a task: rounds that train a model and control one episode with its plans.

    learning = Learning(model, SwingUp(), CEM(), LearnConfig(transitions=1000))
    while (result := learning.step()) is not None:
        print(result.transitions, result.total)
    learning.train()  # on all transitions
    trained = learning.trained()

The first transitions come from random actions. The method is that of PETS (Chua et al. 2018, arXiv:1805.12114), with
any model of Dynax and any planner.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.base import BaseDynamicsModel, Variables
from dynax.config.bounds import MAX_STEPS
from dynax.config.schema import LearnConfig, TrainingRunConfig
from dynax.control import predictors
from dynax.control.controller import Controller, RandomPolicy
from dynax.control.episodes import run_episode
from dynax.control.experience import Experience
from dynax.control.planners import Planner
from dynax.control.problem import Problem
from dynax.control.tasks import Task
from dynax.errors import RunError, UserError
from dynax.trained import TrainedModel
from dynax.training import Training

Progress = Callable[[str], None]  # the current part of a round, at its start and after each epoch


@dataclass(frozen=True)
class RoundResult:
    """The result of one round."""

    number: int  # 0 for the random actions
    transitions: int  # true transitions so far, those of this round and of the random actions included
    total: float  # return of the episode
    success: bool
    loss: float | None  # one-step loss of the training, in units of the target's variance; None for random actions
    val_nrmse: float | None  # open-loop error on the segments for validation; None for random actions


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training."""

    transitions: int  # true transitions that it used
    loss: float  # one-step loss, in units of the target's variance
    val_nrmse: float  # open-loop error on the segments for validation


def _remedy(needed: int) -> str:
    """Return how to have transitions for an episode."""
    return f"increase it to at least {needed}" if needed <= MAX_STEPS else "decrease learn.random or learn.seconds"


class Learning:
    """The learning of a task. `step` runs a round, and `train` updates the model after the last round.

    Args:
        model: the model. Its robot is the true plant, C MuJoCo in float64.
        task: the task.
        planner: the planner.
        config: the number of transitions, and how they are used.
        training: settings of the training in each round; by default the recipe `learn` of the model.

    Raises:
        UserError: if the task does not fit the robot, if the robot is known only from logs, or if there are too few
            transitions for an episode.
    """

    def __init__(
        self,
        model: BaseDynamicsModel,
        task: Task,
        planner: Planner,
        config: LearnConfig | None = None,
        training: TrainingRunConfig | None = None,
    ):
        if isinstance(model, RigidDynamicsModel):
            raise UserError("model=rigid is not trained by epochs: learn with model=lagrangian")
        if model.env.is_recorded:
            raise UserError(f"the robot {model.env.name} is known only from logs: there is no simulator to learn with")
        self.model, self.config = model, config or LearnConfig()
        self.training = training or TrainingRunConfig.recipe(model, "learn")
        self.problem = Problem(model.env, task, planner)
        predictors.check_propagation(model, planner.propagation)
        self.rounds: list[RoundResult] = []
        length = max(self.config.segment, model.history + self.training.horizon - 1)
        self.experience = Experience.empty(model.env, length)
        self.variables: Variables | None = None  # of the newest model
        self.fit: TrainingResult | None = None  # the training of the newest model
        self._controller: Controller | None = None
        needed = self.random_steps + self.episode_steps
        if self.random_steps < length:
            raise UserError(
                f"random={self.config.random} must be at least {length}, the length of a segment in control steps",
                "random",
            )
        if self.config.transitions < needed:
            raise UserError(
                f"transitions={self.config.transitions} leaves no transitions for an episode after the random ones: "
                + _remedy(needed),
                "transitions",
            )

    @property
    def is_finished(self) -> bool:
        """Whether the next episode would exceed the number of transitions."""
        following = self.episode_steps if self.rounds else self.random_steps
        return self.experience.transitions + following > self.config.transitions

    @property
    def random_steps(self) -> int:
        """Number of control steps with random actions, in whole periods of the planner."""
        return max(1, round(self.config.random / self.problem.repeat)) * self.problem.repeat

    @property
    def episode_steps(self) -> int:
        """Number of control steps of a controlled episode."""
        period, seconds = self.problem.repeat, self.config.seconds or self.problem.task.seconds
        return max(1, round(seconds / (period * self.model.env.dt))) * period

    def step(self, progress: Progress | None = None) -> RoundResult | None:
        """Run the next round, and return its result, or None if no transitions are left.

        Args:
            progress: function that is called with the current part, at its start and after each epoch.

        Raises:
            RunError: if the training diverges.
        """
        if self.is_finished:
            return None
        report, number = progress or (lambda part: None), len(self.rounds)
        if number:
            self.train(report)
        report("controlling an episode" if number else "random actions")
        policy = self._policy() if number else RandomPolicy(self.problem)
        env, seeds = self.model.env, np.random.SeedSequence([self.config.seed, number]).generate_state(2)
        state = self.problem.task.initial_states(env, np.random.default_rng(seeds[0]), 1)[0]
        steps = self.episode_steps if number else self.random_steps
        episode = run_episode(self.problem, policy, state, steps * env.dt, int(seeds[1]))
        self.experience = self.experience.with_episode(episode)
        quality = (self.fit.loss, self.fit.val_nrmse) if self.fit else (None, None)
        self.rounds.append(RoundResult(number, self.experience.transitions, episode.total, episode.success, *quality))
        return self.rounds[-1]

    def restore(
        self, rounds: list[RoundResult], experience: Experience, variables: Variables, fit: TrainingResult
    ) -> None:
        """Continue after the given rounds; the next rounds are those of an uninterrupted learning."""
        self.rounds, self.experience, self.variables, self.fit = list(rounds), experience, variables, fit

    def trained(self) -> TrainedModel:
        """Return the newest model.

        Raises:
            UserError: if no round has trained a model.
        """
        if self.variables is None:
            raise UserError("learning has not trained a model yet: call step() until a round has trained one")
        return TrainedModel(self.model, self.variables)

    def train(self, progress: Progress | None = None) -> None:
        """Train on all transitions so far, from the parameters of the training before, unless that is done.

        The normalization follows the data, because the first transitions of a task cover little of the state space.
        The old parameters then predict something else, but are a better start than random ones.

        Args:
            progress: function that is called at the start and after each epoch.

        Raises:
            RunError: if the training diverges, or if the simulation has diverged before the end of a segment.
        """
        if not len(self.experience.segments):
            raise RunError(
                f"the simulation diverged within {self.experience.transitions} control steps with random actions: "
                "decrease learn.segment, or the range of the actions (env.action_range)"
            )
        if self.fit and self.fit.transitions == self.experience.transitions:
            return
        report = progress or (lambda part: None)
        key = jax.random.fold_in(jax.random.PRNGKey(self.training.seed), len(self.rounds))
        training = Training(self.model, *self.experience.split(self.training.val_fraction), self.training, key)
        if self.variables is not None and self.config.warm_start:
            params = self.variables["params"]
            training.restore(training.state.replace(params=params, ema=params, best=params))
        loss, total = np.inf, self.training.total_epochs
        report(f"training on {self.experience.transitions:,} transitions")
        while (metrics := training.step()) is not None:
            report(f"training on {self.experience.transitions:,} transitions, epoch {metrics.epoch} of {total}")
            loss = metrics.loss if metrics.epoch == training.best_epoch else loss
        if not training.best_epoch:
            raise RunError("no epoch of the training predicts the validation segments: decrease training.learning_rate")
        self.variables = training.variables()
        self.fit = TrainingResult(self.experience.transitions, float(loss), training.best_val_nrmse)

    def _policy(self) -> Controller:
        """Return the controller with the newest model. Its program is compiled once."""
        trained = self.trained()
        if self._controller is None:
            predictor = predictors.make("model", trained, self.problem.planner.propagation)
            self._controller = Controller(self.problem, predictor)
        self._controller.predictor.variables = trained.params
        return self._controller
