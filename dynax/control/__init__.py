"""Control with a trained model: tasks, planners, and episodes of model predictive control.

    controller = dynax.control.make(run, "swing_up")
    action = controller(state)

Axes of arrays: N candidates, T control steps, T1 = T + 1 states, h history, S coordinates of a state, A entries of an
action, F predictions of a plan, n states or episodes.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from dynax.config.registries import PLANNERS, TASKS, load_plugins
from dynax.control import predictors
from dynax.control.controller import Controller
from dynax.control.planners import Planner
from dynax.control.problem import Problem
from dynax.control.tasks import Task
from dynax.trained import TrainedModel, load

__all__ = ["Controller", "Planner", "Task", "make"]


def make(
    run: str | os.PathLike[str] | TrainedModel,
    task: str | Task,
    planner: str | Planner = "cem",
    *,
    predictor: str = "model",
    seed: int = 0,
    plugins: Sequence[str | Path] = (),
) -> Controller:
    """Return a controller, a function from the current state to the next action. Its program is already compiled.

    Args:
        run: directory of a training run, or a trained model.
        task: name of a task, or a task.
        planner: name of a planner, or a planner. The action is constant during `planner.period`.
        predictor: `model`; or `mujoco` (in C) or `mjx`, to plan with the true plant.
        seed: seed of the candidates.
        plugins: Python files that define tasks, planners or models; they are executed.

    Raises:
        UserError: if a name is unknown, the run cannot be loaded, or the task does not fit the robot.
    """
    load_plugins(plugins)
    trained = run if isinstance(run, TrainedModel) else load(run)
    chosen_task: Task = task if isinstance(task, Task) else TASKS.get(task, "task")()
    chosen_planner: Planner = planner if isinstance(planner, Planner) else PLANNERS.get(planner, "planner")()
    problem = Problem(trained.env, chosen_task, chosen_planner)
    controller = Controller(problem, predictors.make(predictor, trained, chosen_planner.propagation), seed)
    controller.compile()
    return controller
