"""The end of `dynax learn`: a plot, a table on the console, and `summary.json`."""

import logging
import time
from pathlib import Path
from typing import Any

from dynax.architectures.description import title
from dynax.cli import console
from dynax.cli.learning import checkpoints
from dynax.control.learning import Learning
from dynax.control.learning_plot import plot_learning_curve
from dynax.runs.summary import write_summary

log = logging.getLogger(__name__)


def finish(path: Path, config: Any, learning: Learning, start: float) -> None:
    """Write the plot and the summary, and print a table of the rounds.

    Args:
        path: the run directory.
        config: the complete resolved config.
        learning: the learning after its last round.
        start: time at which the command started, as `time.monotonic()` returns it.
    """
    name = learning.problem.task.name
    plot_learning_curve(path / "learning.png", learning.rounds, f"{name}: {title(learning.model)}")
    _print(learning)
    log.info("control the robot with the model: dynax plan run=%s task=%s", path, name)
    content = {
        "env": learning.model.env.name,
        "model": learning.model.architecture,
        "task": name,
        "planner": learning.problem.planner.name,
        "dt_s": learning.model.env.dt,
        "task_options": config["task"],
        "planner_options": config["planner"],
        "learn_seed": learning.config.seed,
        "transitions": learning.experience.transitions,
        "val_nrmse": learning.fit.val_nrmse if learning.fit else None,
        "rounds": checkpoints.rows(learning),
        "wall_time_s": time.monotonic() - start,
    }
    write_summary(path, "learn", content)


def _print(learning: Learning) -> None:
    """Print a table of the rounds."""
    assert learning.fit is not None
    rows = [
        (
            str(result.number) if result.number else "random",
            f"{result.transitions:,}",
            f"{result.total:.4g}",
            "yes" if result.success else "no",
            "-" if result.val_nrmse is None else f"{result.val_nrmse:.2g}",
        )
        for result in learning.rounds
    ]
    console.table(
        f"Learned {learning.problem.task.name}: {title(learning.model)}",
        ("round", "transitions", "return", "success", "validation nRMSE"),
        rows,
        "Transitions of the true robot, random ones included. A round trains the model and then controls an episode. "
        f"A last training uses all transitions; its validation nRMSE is {learning.fit.val_nrmse:.2g}.",
    )
