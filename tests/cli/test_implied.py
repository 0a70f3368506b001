"""Options that the inputs of a command imply."""

import pytest
from command_line import saved_run

from dynax.cli.composition.implied import implied_options


def implied_overrides(command, words):
    """Return the overrides that a command line implies."""
    return [word for option in implied_options(command, words.split()) for word in option.overrides]


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Two runs with `training=smoke` and one with `training=default`, as Hydra records them."""
    for name, option in {"smoke": "smoke", "smoke_2": "smoke", "default": "default"}.items():
        (tmp_path / name / ".hydra").mkdir(parents=True)
        text = f"hydra:\n  runtime:\n    choices:\n      env: pendulum\n      training: {option}\n"
        (tmp_path / name / ".hydra" / "hydra.yaml").write_text(text)
        (tmp_path / name / ".hydra" / "config.yaml").write_text("env: {name: hopper}\nmodel: {architecture: mlp}\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("command", "words", "override"),
    [
        ("eval", "run=smoke", "eval=smoke"),
        ("render", "run=smoke", "render=smoke"),
        ("render", "run='smoke' render.fps=5", "render=smoke"),
        ("eval", "run=smoke,smoke_2 eval.seed=1", "eval=smoke"),
        ("plan", "run=smoke task=reach", "plan=smoke"),
        ("eval", "run=default", None),
        ("eval", "run=smoke,default", None),
        ("eval", "run=smoke eval=default", None),
        ("eval", "run=smoke eval=smoke", None),
        ("eval", "run=nowhere", None),
        ("eval", "", None),
        ("train", "run=smoke", None),
    ],
)
def test_the_option_applies_to_runs_of_smoke_trainings(command, words, override):
    assert implied_overrides(command, words) == ([override] if override else [])


@pytest.mark.parametrize(
    ("words", "override"),
    [
        ("dataset=log", "training=log"),
        ("dataset=log,log model=gru training.seed=1", "training=log"),
        ("dataset=log,simulated", None),
        ("dataset=simulated", None),
        ("dataset=nowhere", None),
        ("dataset=log training=default", None),
        ("dataset=log training.resume=run", None),
        ("env=pendulum", None),
    ],
)
def test_a_log_implies_its_training(tmp_path, monkeypatch, words, override):
    for name, text in {"log": '{"log": {}}', "simulated": "{}"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert implied_overrides("train", words) == ([override] if override else [])


MODEL = {
    "architecture": "mlp",
    "hidden_dims": [8, 8],
    "activation": "tanh",
    "skip": False,
    "compliance": "${a}",
    "x": None,
}


@pytest.mark.parametrize(
    ("words", "overrides"),
    [
        ("", "model=mlp model.hidden_dims=[8,8] model.activation=tanh model.skip=false model.x=null"),
        ("model=mlp model.skip=true", "model.hidden_dims=[8,8] model.activation=tanh model.x=null"),
        (
            "training.resume=auto model=mlp model.skip=true",
            "model.hidden_dims=[8,8] model.activation=tanh model.x=null",
        ),
        ("model=gru", ""),
        ("training.resume=run", ""),
    ],
)
def test_an_initial_run_implies_its_model(tmp_path, monkeypatch, words, overrides):
    """Text that Hydra does not take verbatim is left out."""
    saved_run(tmp_path / "run" / "checkpoints" / "epoch-00001", {"env": {"name": "pendulum"}, "model": MODEL})
    monkeypatch.chdir(tmp_path)
    assert implied_overrides("train", f"training.init=run {words}") == overrides.split()


def test_a_sweep_over_initial_runs_implies_no_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        saved_run(tmp_path / name, {"env": {"name": "pendulum"}, "model": MODEL})
    assert implied_overrides("train", "training.init=a") != []
    assert implied_overrides("train", "training.init=a,b") == []
    assert implied_overrides("train", "training.init=nowhere") == []


@pytest.mark.usefixtures("runs")
def test_single_keys_override_the_option(in_process):
    finished = in_process("eval", "--cfg", "job", "run=smoke", "eval.seed=7")
    assert "  num_trajectories: 8\n" in finished.out
    assert "  seed: 7\n" in finished.out
    assert "  num_trajectories: 256\n" in in_process("eval", "--cfg", "job", "run=smoke", "eval=default").out


@pytest.mark.slow
@pytest.mark.usefixtures("runs")
def test_the_command_line_reports_the_option(dynax):
    finished = dynax("render", "run=smoke")
    [path] = finished.paths
    reason = "because the run was trained with training=smoke; render=default overrides this"
    assert finished.err == f"dynax: using render=smoke, {reason}\n"
    assert "render=smoke" in (path / ".hydra" / "overrides.yaml").read_text()
