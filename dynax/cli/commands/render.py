"""`dynax render`: draw the predicted robot as a translucent ghost over the simulated robot, or curves of a log."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from omegaconf import DictConfig

from dynax import render
from dynax.architectures import description
from dynax.cli import console
from dynax.cli.directories import run_directory
from dynax.cli.log_dataset import test_dataset
from dynax.cli.render_log import log_clip
from dynax.config.bounds import check_memory
from dynax.config.options import section
from dynax.config.schema import RenderConfig
from dynax.envs import Env
from dynax.errors import UserError, config_section
from dynax.evaluation import metrics
from dynax.evaluation.sizes import check_testset
from dynax.evaluation.testset import make_testset
from dynax.runs.summary import write_summary
from dynax.trained import TrainedModel, load

MAX_FRAMES = 10_000
FRAME_COPIES = 2  # the frames, and their colors in the GIF
SCALE_TRAJECTORIES = 64  # trajectories whose standard deviations normalize the displayed error


def run(cfg: DictConfig) -> Path:
    """Render a prediction of the training run `cfg.run` and return the directory of the clip."""
    config = section(RenderConfig, cfg.render, "render")
    trained = load(cfg.run)
    start = time.monotonic()
    if dataset := test_dataset(cfg, trained):
        backend = "curves"
        frames, error, total = log_clip(trained, dataset, config)
    else:
        with config_section("render"):
            render.check_camera(trained.env.mj_model, config.camera)
            backend = render.choose_backend(config.backend)
        _check_size(trained.env, config)
        frames, error, total = _clip(trained, config, backend)
    clip = _drawn(frames, total, f"render {trained.env.name} with {backend}")
    path = run_directory()
    files = _save(path, clip, config)
    _print_facts(trained.env, files, clip)
    content = {
        "env": trained.env.name,
        "model": trained.model.architecture,
        "trained_run": str(Path(cfg.run).expanduser().absolute()),
        "files": {name: str(file) for name, file in files.items()},
        "backend": backend,
        "render_seed": config.seed,
        "seconds": config.seconds,
        "frames": len(clip),
        "vpt_0.1_s": metrics.valid_time(error, 0.1, trained.env.dt).median,
        "wall_time_s": time.monotonic() - start,
    }
    write_summary(path, "render", content)
    return path


def _clip(trained: TrainedModel, config: RenderConfig, backend: str) -> tuple[Iterator[np.ndarray], np.ndarray, int]:
    """Return the frames (H, W, 3) of a trajectory and its prediction, the error (1, T+1), and the number of frames."""
    env, history = trained.env, trained.history_length
    test = make_testset(env, SCALE_TRAJECTORIES, config.seconds, config.seed, config.actions, history - 1)
    std = metrics.state_std(env.space, test.truth)
    predicted = np.asarray(trained.rollout(*(x[:1] for x in test.inputs(history))))
    error = metrics.normalized_error(env.space, test.truth[:1], predicted, std)
    frames = render.frames(
        env.mj_model, test.truth[0], predicted[0], error[0], env.dt, mocap=test.actions[0][:, env.mj_model.nu :],
        fps=config.fps, width=config.width, height=config.height, backend=backend, camera=config.camera,
        speed=config.speed, title=description.title(trained.model),
    )  # fmt: skip
    return frames, error, _num_frames(config)


def _drawn(frames: Iterator[np.ndarray], total: int, heading: str) -> list[np.ndarray]:
    """Draw all frames, with a progress bar."""
    clip = []
    with console.progress(heading, total, "frames") as update:
        for frame in frames:
            clip.append(frame)
            update(min(len(clip), total))
    return clip


def _num_frames(config: RenderConfig) -> int:
    """Return the number of frames, including the first and the last state."""
    return round(config.seconds / config.speed * config.fps) + 1


def _check_size(env: Env, config: RenderConfig) -> None:
    """Raise UserError if the trajectories or the frames do not fit into memory."""
    check_testset(env, SCALE_TRAJECTORIES, config.seconds, 0, "render")
    frames = _num_frames(config)
    if frames > MAX_FRAMES:
        raise UserError(
            f"render.speed={config.speed:g} gives {frames:,} frames, but at most {MAX_FRAMES:,} are possible: increase"
            " render.speed, or decrease render.seconds or render.fps"
        )
    check_memory(
        f"a clip of {frames:,} frames of {config.width} x {config.height} pixels",
        FRAME_COPIES * 3 * frames * config.width * config.height,
        "decrease render.seconds, render.fps, render.width or render.height, or increase render.speed",
    )


def _save(path: Path, clip: Sequence[np.ndarray], config: RenderConfig) -> dict[str, Path]:
    savers = {"gif": render.save_gif, "mp4": render.save_mp4}
    return {name: savers[name](path / f"trajectory.{name}", clip, config.fps) for name in config.formats}


def _print_facts(env: Env, files: dict[str, Path], clip: Sequence[np.ndarray]) -> None:
    height, width, _ = clip[0].shape
    rows = [(file.name, f"{file.stat().st_size / 1e6:.2f} MB") for file in files.values()]
    console.facts(f"Clip of {env.name}", [*rows, ("frames", f"{len(clip)} of {width} x {height} pixels")])
