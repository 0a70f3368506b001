"""Every robot, every architecture and every command: the files, the summaries and the tables.

Each robot is collected and trained, each architecture is trained and evaluated, and each command is run for a robot
with a floating base, a robot of a user, and a model with a history. The simplest robots train the models that compile
slowly. tests/cli composes every config.
"""

import json

import numpy as np
import pytest
from marks import slow
from PIL import Image

import dynax as api

ENVS = (
    "pendulum", "cart_pole", "double_cart_pole", "slider", "bouncer", "acrobot", "three_link", "nerd_cartpole",
    "hopper", "cheetah", "quadruped", "arm",
)  # fmt: skip
COMBINATIONS = [
    ("pendulum", "mlp"),
    *slow(
        ("pendulum", "lagrangian"),
        ("slider", "quadratic"),
        ("bouncer", "mechanical"),
        ("cart_pole", "transformer"),
        ("double_cart_pole", "gru"),
        ("acrobot", "resnet"),
        ("three_link", "mlp"),
        ("nerd_cartpole", "mlp"),
        ("pendulum", "rigid"),
        ("pendulum", "residual"),
        ("hopper", "mlp"),
        ("cheetah", "mlp"),
        ("quadruped", "mlp"),
        ("arm", "mlp"),
    ),
]
ARCHITECTURES = [
    ("pendulum", "mlp"),
    *slow(
        ("pendulum", "lagrangian"),
        ("pendulum", "rigid"),
        ("pendulum", "residual"),
        ("slider", "quadratic"),
        ("bouncer", "mechanical"),
        ("cart_pole", "transformer"),
        ("double_cart_pole", "gru"),
        ("acrobot", "resnet"),
        ("quadruped", "mlp"),
    ),
]
CLIPS = [("pendulum", "mlp"), *slow(("slider", "quadratic"), ("cart_pole", "transformer"), ("quadruped", "mlp"))]
EPOCHS = {"lagrangian": 3, "rigid": 1}  # including the epoch of fine-tuning or identification
WARM_START_CHECK = {"gap_rms", "gap_max", "tested_s", "valid_time_s", "cure", "cured_valid_time_s"}
VPT = {"median_s", "p10_s", "capped", "of_ceiling"}


def summary_of(path):
    return json.loads((path / "summary.json").read_text())


@pytest.fixture(autouse=True)
def few_rows(monkeypatch):
    """Plot two degrees of freedom. tests/evaluation plots more."""
    monkeypatch.setattr("dynax.evaluation.trajectory_plot.MAX_ROWS", 2)


def names(path):
    return {entry.name for entry in path.iterdir()}


@pytest.mark.parametrize("env", ["pendulum", *slow(*ENVS[1:])])
def test_collect(workshop, documented, env):
    finished = workshop.line("collect", *workshop.env(env), "collect.num_rollouts=12", "collect.rollout_length=40")
    assert finished.path.parent == workshop.folder / "outputs" / "datasets"
    assert {"manifest.json", "qpos", "qvel", "action"} <= names(finished.path)
    [run] = workshop.folder.glob(f"outputs/collect/{env}/*")
    assert names(run) == {".hydra", "dynax.log", "summary.json"}
    summary = summary_of(run)
    assert set(summary) == documented["collect"]
    assert summary["env"] == env
    assert summary["dataset"] == str(finished.path)
    assert summary["transitions"] == 480
    assert summary["backend"] == "native"
    assert set(summary["warm_start_check"]) == WARM_START_CHECK
    assert summary["warm_start_check"]["gap_max"] < 1e-6
    assert "warm-start check" in finished.err


@pytest.mark.parametrize(("env", "model"), COMBINATIONS)
def test_train(workshop, documented, env, model):
    run, epochs = workshop.trained(env, model), EPOCHS.get(model, 2)
    assert run.parent == workshop.folder / "outputs" / "train" / f"{env}-{model}"
    files = {
        ".hydra",
        ".lock",
        "dynax.log",
        "summary.json",
        "metrics.jsonl",
        "loss.png",
        "checkpoints",
        "identity.json",
    }
    assert names(run) == files | ({"identified.json"} if model == "rigid" else set())
    assert names(run / "checkpoints") == {f"epoch-0000{epochs}"}
    summary = summary_of(run)
    assert set(summary) == documented["train"]
    assert (summary["env"], summary["model"], summary["epochs"], summary["run"]) == (env, model, epochs, str(run))
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == list(range(1, epochs + 1))
    assert summary["best_val_nrmse"] == min(row["val_nrmse"] for row in rows)
    datasets = list(workshop.folder.glob(f"outputs/datasets/{env}-*"))
    assert [summary["dataset"]] == [str(path) for path in datasets]  # all models of a robot use the same dataset
    assert api.load(run).env.name == env


@pytest.mark.parametrize(("env", "model"), ARCHITECTURES)
def test_eval(workshop, documented, env, model):
    run = workshop.trained(env, model)
    path = workshop.line("eval", f"run={run}").path  # small by default, because the training was
    assert path.parent == workshop.folder / "outputs" / "eval" / f"{env}-{model}"
    assert names(path) == {".hydra", "dynax.log", "summary.json", "horizon.png", "trajectories.png"}
    summary = summary_of(path)
    assert set(summary) == documented["eval"] | {"scores"}
    assert summary["trajectories"] == 8
    assert summary["energy_drift"] is None
    assert (summary["env"], summary["model"], summary["trained_run"]) == (env, model, str(run))
    assert summary["dataset_sha256"] == summary_of(run)["dataset_sha256"]
    assert set(summary["scores"]) == {"model", "ceiling", "constant velocity", "hold last"}
    for scores in summary["scores"].values():
        assert set(scores) == {"nrmse", "rmse", "vpt"}
        assert set(scores["vpt"]) == {"0.1", "0.4"}
        assert all(set(vpt) == VPT for vpt in scores["vpt"].values())
        assert np.isfinite(list(scores["nrmse"].values())).all()
        assert all(set(by_step) == set(scores["nrmse"]) for by_step in scores["rmse"].values())
        assert len(scores["rmse"]) == api.load(run).env.space.observed.sum()


@pytest.mark.parametrize(("env", "model"), CLIPS)
def test_render(workshop, documented, env, model):
    path = workshop.line("render", f"run={workshop.trained(env, model)}", "render.backend=software").path
    assert path.parent == workshop.folder / "outputs" / "render" / f"{env}-{model}"
    assert names(path) == {".hydra", "dynax.log", "summary.json", "trajectory.gif", "trajectory.mp4"}
    summary = summary_of(path)
    assert set(summary) == documented["render"]
    assert (summary["env"], summary["model"], summary["backend"]) == (env, model, "software")
    assert summary["files"] == {kind: str(path / f"trajectory.{kind}") for kind in ("gif", "mp4")}
    with Image.open(path / "trajectory.gif") as clip:
        assert clip.size == (160, 90)
