"""Episodes of a planner with several predictors: the trained model, MuJoCo, and random actions."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dynax.architectures.description import title
from dynax.config.schema import PlanConfig
from dynax.control import predictors
from dynax.control.controller import Controller, RandomPolicy
from dynax.control.episodes import Episode, run_episode
from dynax.control.planners import Planner
from dynax.control.problem import Problem
from dynax.control.tasks import Task
from dynax.errors import UserError
from dynax.evaluation.tables import Table
from dynax.trained import TrainedModel

log = logging.getLogger(__name__)

LABELS = {"model": "model", "mujoco": "C MuJoCo", "mjx": "MJX", "random": "random actions"}
Progress = Callable[[int, str], None]  # number of finished episodes, note


@dataclass(frozen=True, eq=False)
class Comparison:
    """The episodes of each predictor, from the same initial states."""

    trained: TrainedModel
    problem: Problem
    seconds: float  # length of an episode, s
    episodes: Mapping[str, list[Episode]]  # by predictor: model, mujoco, mjx, random

    @property
    def title(self) -> str:
        """The title of tables and plots."""
        return f"{self.problem.task.name} with {self.problem.planner.name}: {title(self.trained.model)}"

    def table(self) -> Table:
        """Return the table that `dynax plan` prints."""
        columns = ("predictor", "return", "std", "success", "planning time", "p95")
        rows = [_row(name, episodes) for name, episodes in self.episodes.items()]
        steps = len(self.episodes["model"][0].rewards)
        caption = (
            f"Returns are sums of {steps} rewards, means over {len(self.episodes['model'])} episodes of "
            f"{self.seconds:g} s. Planning time: median and 95th percentile of one plan."
        )
        return Table(self.title, columns, rows, caption)

    def save_plots(self, folder: str | Path) -> None:
        """Write `return.png` into an existing folder."""
        from dynax.control import plots

        plots.plot_returns(Path(folder) / "return.png", self.episodes, self.problem.env.dt, self.title)

    def summary(self) -> dict[str, Any]:
        """Return the results as JSON data: the keys of `summary.json`, except those of the command itself."""
        problem = self.problem
        return {
            "env": problem.env.name,
            "model": self.trained.model.architecture,
            "task": problem.task.name,
            "planner": problem.planner.name,
            "episodes": len(self.episodes["model"]),
            "seconds": self.seconds,
            "dt_s": problem.env.dt,
            "period_s": problem.repeat * problem.env.dt,
            "results": {name: summary_of(episodes) for name, episodes in self.episodes.items()},
        }


def compare(
    trained: TrainedModel,
    task: Task,
    planner: Planner,
    config: PlanConfig | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Run the episodes of `dynax plan`.

    Args:
        trained: the model with its parameters.
        task: the task.
        planner: the planner.
        config: number and length of the episodes, and the predictors; by default as for `dynax plan`.
        progress: function that is called after each episode.

    Raises:
        UserError: if the task does not fit the robot, or if there is no simulator of the robot.
    """
    config, env = config or PlanConfig(), trained.env
    if env.is_recorded:
        raise UserError(f"the robot {env.name} is known only from logs: there is no simulator for its episodes")
    problem = Problem(env, task, planner)
    seconds = config.seconds or task.seconds
    states = task.initial_states(env, np.random.default_rng(config.seed), config.episodes)
    names = tuple(dict.fromkeys(("model", *config.compare)))
    for name in names:
        predictors.check(name, env)  # before the first episode
    results: dict[str, list[Episode]] = {name: [] for name in names}
    for name in names:
        policy = RandomPolicy(problem) if name == "random" else _controller(problem, name, trained)
        if isinstance(policy, Controller):
            log.info("compiling the planner with %s: %.1f s", LABELS[name], policy.compile())
        for i, state in enumerate(states):
            keep = name == "model" and i == 0  # for the clip
            results[name].append(run_episode(problem, policy, state, seconds, config.seed + i, keep))
            if progress:
                progress(sum(map(len, results.values())), f"{LABELS[name]}: return {results[name][-1].total:.4g}")
        if isinstance(policy, Controller):
            policy.close()
    return Comparison(trained, problem, seconds, results)


def _controller(problem: Problem, name: str, trained: TrainedModel) -> Controller:
    return Controller(problem, predictors.make(name, trained, problem.planner.propagation))


def summary_of(episodes: list[Episode]) -> dict[str, Any]:
    """Return the figures of one predictor as JSON data."""
    returns, planning = np.array([episode.total for episode in episodes]), _planning(episodes)
    return {
        "return_mean": float(returns.mean()),
        "return_std": float(returns.std()),
        "returns": returns.tolist(),
        "successes": sum(episode.success for episode in episodes),
        "planning_median_s": float(np.median(planning)),
        "planning_p95_s": float(np.percentile(planning, 95)),
    }


def _planning(episodes: list[Episode]) -> np.ndarray:
    return np.concatenate([episode.planning_s for episode in episodes])


def _row(name: str, episodes: list[Episode]) -> tuple[str, ...]:
    values = summary_of(episodes)
    times = [
        f"{1e3 * values[key]:.1f} ms" if name != "random" else "-" for key in ("planning_median_s", "planning_p95_s")
    ]
    success = f"{values['successes']} of {len(episodes)}"
    return LABELS[name], f"{values['return_mean']:.4g}", f"{values['return_std']:.3g}", success, *times
