"""Every robot and every network through every command: what is written, what is said, what is printed.

What takes long to compile is here once a robot and a network; `tests/cli` composes every config there is.
"""

import json

import numpy as np
import pytest
from marks import slow
from PIL import Image

import dynax as api

ENVS = (
    "pendulum", "cart_pole", "double_cart_pole", "slider", "acrobot", "three_link", "nerd_cartpole",
    "hopper", "cheetah", "quadruped", "arm",
)  # fmt: skip
QUICK = (
    ("pendulum", "mlp"),
    ("slider", "mlp"),
)
SLOW = (  # every robot and every network; their programs take long to compile
    ("pendulum", "quadratic"),
    ("cart_pole", "lagrangian"),
    ("cart_pole", "transformer"),
    ("double_cart_pole", "resnet"),
    ("nerd_cartpole", "mlp"),
    ("slider", "quadratic"),
    ("double_cart_pole", "lagrangian"),
    ("slider", "transformer"),
    ("acrobot", "lagrangian"),
    ("three_link", "quadratic"),
    ("three_link", "transformer"),
    ("hopper", "mechanical"),
    ("hopper", "rigid"),
    ("cheetah", "resnet"),
    ("quadruped", "mlp"),
    ("arm", "mlp"),
)
EPOCHS = {"lagrangian": 3, "rigid": 1}  # of which the last is the polish
COMBINATIONS = [
    *QUICK,
    *slow(*SLOW),
]
WARM_START_CHECK = {"gap_rms", "gap_max", "tested_s", "valid_time_s", "cure", "cured_valid_time_s"}
VPT = {"median_s", "p10_s", "capped", "of_ceiling"}


def summary(path):
    return json.loads((path / "summary.json").read_text())


def names(path):
    return {entry.name for entry in path.iterdir()}


@pytest.mark.parametrize("env", ENVS)
def test_collect(workshop, documented, env):
    ran = workshop.line("collect", *workshop.env(env), "collect.num_rollouts=12", "collect.rollout_length=40")
    assert ran.path.parent == workshop.folder / "outputs" / "datasets"
    assert {"manifest.json", "qpos", "qvel", "action"} <= names(ran.path)
    [run] = workshop.folder.glob(f"outputs/collect/{env}/*")
    assert names(run) == {".hydra", "dynax.log", "summary.json"}
    told = summary(run)
    assert set(told) == documented["collect"]
    assert told["env"] == env
    assert told["dataset"] == str(ran.path)
    assert told["transitions"] == 480
    assert told["backend"] == "native"
    assert set(told["warm_start_check"]) == WARM_START_CHECK
    assert told["warm_start_check"]["gap_max"] < 1e-6
    assert "none (gap " in ran.err


@pytest.mark.parametrize(("env", "model"), COMBINATIONS)
def test_train(workshop, documented, env, model):
    run, epochs = workshop.trained(env, model), EPOCHS.get(model, 2)
    assert run.parent == workshop.folder / "outputs" / "train" / f"{env}-{model}"
    wanted = {".hydra", ".lock", "dynax.log", "summary.json", "metrics.jsonl", "loss.png", "checkpoints"}
    assert names(run) == wanted | ({"identified.json"} if model == "rigid" else set())
    assert names(run / "checkpoints") == {f"epoch-0000{epochs}"}
    told = summary(run)
    assert set(told) == documented["train"]
    assert (told["env"], told["model"], told["epochs"], told["run"]) == (env, model, epochs, str(run))
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == list(range(1, epochs + 1))
    assert told["best_val_nrmse"] == min(row["val_nrmse"] for row in rows)
    datasets = list(workshop.folder.glob(f"outputs/datasets/{env}-*"))
    assert [told["dataset"]] == [str(path) for path in datasets]  # all models of a robot share its data
    assert api.load(run).env.name == env


@pytest.mark.parametrize(("env", "model"), COMBINATIONS)
def test_eval(workshop, documented, env, model):
    run = workshop.trained(env, model)
    path = workshop.line("eval", f"run={run}", "eval=smoke").path
    assert path.parent == workshop.folder / "outputs" / "eval" / f"{env}-{model}"
    assert names(path) == {".hydra", "dynax.log", "summary.json", "horizon.png", "trajectories.png"}
    told = summary(path)
    assert set(told) == documented["eval"] | {"scores"}
    assert told["energy_drift"] is None
    assert (told["env"], told["model"], told["trained_run"]) == (env, model, str(run))
    assert told["dataset_sha256"] == summary(run)["dataset_sha256"]
    assert set(told["scores"]) == {"model", "ceiling", "constant velocity", "hold last"}
    for figures in told["scores"].values():
        assert set(figures) == {"nrmse", "rmse", "vpt"}
        assert set(figures["vpt"]) == {"0.1", "0.4"}
        assert all(set(vpt) == VPT for vpt in figures["vpt"].values())
        assert np.isfinite(list(figures["nrmse"].values())).all()
        assert all(set(by_step) == set(figures["nrmse"]) for by_step in figures["rmse"].values())
        assert len(figures["rmse"]) == api.load(run).env.space.observed.sum()


@pytest.mark.parametrize(("env", "model"), COMBINATIONS)
def test_render(workshop, documented, env, model):
    size = ["render.backend=software", "render.seconds=0.2", "render.fps=10", "render.width=96", "render.height=64"]
    path = workshop.line("render", f"run={workshop.trained(env, model)}", *size).path
    assert path.parent == workshop.folder / "outputs" / "render" / f"{env}-{model}"
    assert names(path) == {".hydra", "dynax.log", "summary.json", "trajectory.gif", "trajectory.mp4"}
    told = summary(path)
    assert set(told) == documented["render"]
    assert (told["env"], told["model"], told["backend"]) == (env, model, "software")
    assert told["files"] == {kind: str(path / f"trajectory.{kind}") for kind in ("gif", "mp4")}
    with Image.open(path / "trajectory.gif") as clip:
        assert clip.size == (96, 64)
