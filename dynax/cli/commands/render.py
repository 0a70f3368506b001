"""`dynax render`: the predicted robot as a ghost over the true one."""

import time
from pathlib import Path

import numpy as np
from omegaconf import DictConfig

from dynax import render
from dynax.architectures import description
from dynax.cli import console
from dynax.config.options import section
from dynax.config.schema import RenderConfig
from dynax.evaluation import metrics
from dynax.evaluation.testset import make_testset
from dynax.runs.summary import run_directory, write_summary
from dynax.trained import load

COMPANY = 64  # trajectories whose spread is the unit of the error that is written in


def run(cfg: DictConfig) -> Path:
    """Draw a prediction of the training run `cfg.run` and return the directory of the clip."""
    config = section(RenderConfig, cfg.render, "render")
    trained = load(cfg.run)
    env, begun = trained.env, time.monotonic()
    backend = render.choose_backend(config.backend)
    test = make_testset(env, COMPANY, config.seconds, config.seed, config.actions, trained.history_length - 1)
    scale = metrics.state_std(env.space, test.truth)
    predicted = np.asarray(trained.rollout(*(x[:1] for x in test.given(trained.history_length))))
    error = metrics.normalized_error(env.space, test.truth[:1], predicted, scale)

    film = render.frames(
        env.mj_model, test.truth[0], predicted[0], error[0], env.dt, mocap=test.actions[0][:, env.mj_model.nu :],
        fps=config.fps, width=config.width, height=config.height, backend=backend, camera=config.camera,
        speed=config.speed, title=description.title(trained.model),
    )  # fmt: skip
    clip, total = [], round(config.seconds / config.speed * config.fps) + 1  # both ends have a frame
    with console.progress(f"render {env.name} with {backend}", total, "frames") as update:
        for frame in film:
            clip.append(frame)
            update(min(len(clip), total))

    path = run_directory()
    save = {"gif": render.save_gif, "mp4": render.save_mp4}
    files = {name: save[name](path / f"trajectory.{name}", clip, config.fps) for name in config.formats}
    rows = [(f.name, f"{f.stat().st_size / 1e6:.2f} MB") for f in files.values()]
    console.facts(f"Clip of {env.name}", [*rows, ("frames", f"{len(clip)} of {config.width} x {config.height}")])
    content = {
        "env": env.name,
        "model": trained.model.architecture,
        "trained_run": str(Path(cfg.run).expanduser().absolute()),
        "files": {name: str(f) for name, f in files.items()},
        "backend": backend,
        "render_seed": config.seed,
        "seconds": config.seconds,
        "frames": len(clip),
        "vpt_0.1_s": metrics.valid_time(error, 0.1, env.dt).median,
        "wall_time_s": time.monotonic() - begun,
    }
    write_summary(path, "render", content)
    return path
