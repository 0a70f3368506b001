"""`dynax plan`: control the simulated robot with plans of a trained model."""

import time
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from dynax import render
from dynax.cli import console
from dynax.cli.directories import run_directory
from dynax.config.bounds import check_memory
from dynax.config.options import section
from dynax.config.schema import PlanConfig
from dynax.control import planners, tasks
from dynax.control.comparison import Comparison, compare
from dynax.control.episode_clip import episode_frames, num_frames
from dynax.control.planners import Planner
from dynax.control.problem import Problem
from dynax.envs import Env
from dynax.errors import config_section
from dynax.excitations.excitation import steps_of
from dynax.runs.summary import write_summary
from dynax.trained import load

FRAME_COPIES = 2  # the frames, and their colors in the GIF
PLAN_COPIES = 3  # of the predicted states: those of JAX, their rewards, and those of the plans


def run(cfg: DictConfig) -> Path:
    """Plan with the training run `cfg.run` and return the directory of the results."""
    config = section(PlanConfig, cfg.plan, "plan")
    task = tasks.make(_plain(cfg.task))
    planner = planners.make(_plain(cfg.planner))
    trained = load(cfg.run)
    start = time.monotonic()
    with config_section("plan"):
        render.check_camera(trained.env.mj_model, config.camera)
        backend = render.choose_backend(config.backend)
    with config_section("task"):
        Problem(trained.env, task, planner)
    _check_size(trained.env, planner, config, config.seconds or task.seconds)
    total = config.episodes * (1 + len(config.compare))
    heading = f"plan {task.name} of {trained.env.name} with {planner.name}"
    with console.progress(heading, total, "episodes", note="compiling") as update, config_section("plan"):
        comparison = compare(trained, task, planner, config, update)
    path = run_directory()
    comparison.save_plots(path)
    file = _save_clip(path, comparison, config, backend)
    table = comparison.table()
    console.table(table.title, table.columns, table.rows, table.caption)
    content = {
        **comparison.summary(),
        "plan_seed": config.seed,
        "task_options": _plain(cfg.task),
        "planner_options": _plain(cfg.planner),
        "files": {"gif": str(file)},
        "backend": backend,
        "trained_run": str(Path(cfg.run).expanduser().absolute()),
        "wall_time_s": time.monotonic() - start,
    }
    write_summary(path, "plan", content)
    return path


def _plain(group: DictConfig) -> dict:
    """Return a config group as a dictionary."""
    container = OmegaConf.to_container(group)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def _save_clip(path: Path, comparison: Comparison, config: PlanConfig, backend: str) -> Path:
    """Draw the first episode, with a progress bar, and return the file."""
    frames = episode_frames(
        comparison, fps=config.fps, width=config.width, height=config.height, backend=backend, camera=config.camera
    )
    drawn, total = [], num_frames(comparison, config.fps)
    with console.progress(f"render the first episode with {backend}", total, "frames") as update:
        for frame in frames:
            drawn.append(frame)
            update(min(len(drawn), total))
    return render.save_gif(path / "episode.gif", drawn, config.fps)


def _check_size(env: Env, planner: Planner, config: PlanConfig, seconds: float) -> None:
    """Raise UserError if the candidates, the episodes or the frames do not fit into memory."""
    horizon, length = steps_of(planner.horizon, env.dt), steps_of(seconds, env.dt)
    check_memory(
        f"a plan with {planner.samples:,} candidates of {horizon:,} control steps",
        PLAN_COPIES * 4 * planner.samples * horizon * (env.state_dim + env.action_dim),
        "decrease planner.samples or planner.horizon",
    )
    plans = 8 * 8 * (length // steps_of(planner.period, env.dt)) * horizon * env.state_dim
    episodes = 8 * config.episodes * (1 + len(config.compare)) * length * (env.state_dim + env.action_dim)
    frames = FRAME_COPIES * 3 * round(seconds * config.fps) * config.width * config.height
    check_memory(
        f"{config.episodes:,} episodes of {seconds:g} s with a clip",
        plans + episodes + frames,
        "decrease plan.episodes, plan.seconds, plan.width, plan.height or plan.fps",
    )
