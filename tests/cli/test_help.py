"""The help page of a command."""

import pytest

from dynax.cli.command_table import COMMANDS, CONFIGURED

OPTIONS = {
    "collect": "collect: *default",
    "train": "training: *default  few",
    "eval": "eval: *default  smoke",
    "render": "render: *default  smoke",
    "plan": "plan: *default  smoke",
    "learn": "learn: *default  smoke",
    "export": "export: *default",
    "import": "source=<required>",
    "inspect": "dataset=<required>",
    "compare": "sweep=<required>",
}


@pytest.mark.slow
@pytest.mark.parametrize("command", CONFIGURED)
def test_examples_and_options_fit_into_the_terminal(in_process, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    finished = in_process(command, "--help")
    assert (finished.code, finished.err) == (0, "")
    lines = finished.out.splitlines()
    assert max(map(len, lines)) <= 80
    for example in COMMANDS[command].examples:
        assert f"  {example}" in lines
    assert f"\n  {OPTIONS[command]}" in finished.out
    models = "  model: gru  lagrangian  mechanical  *mlp  quadratic  residual  resnet  rigid"
    assert (models in lines) == (command in ("train", "learn"))


def test_the_page_shows_composed_values_and_comments_of_the_yaml(in_process, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "more" / "model").mkdir(parents=True)
    (tmp_path / "more" / "model" / "mine.yaml").write_text("architecture: mlp\nhidden_dims: [7]  # my comment\n")
    words = ["--config-dir", "more", "model=mine", "training=smoke", "training.seed=5"]
    finished = in_process("train", "--help", *words)
    assert (finished.code, finished.err) == (0, "")
    assert "  model: gru  lagrangian  mechanical  *mine  mlp  quadratic  residual  resnet  rigid" in finished.out
    assert "model.hidden_dims=[7]   my comment\n" in finished.out
    assert "training: default  few  learn  log  *smoke" in finished.out
    assert "training.seed=5 " in finished.out
    assert "seed of initial parameters" in finished.out


def test_a_required_key_is_marked(in_process):
    assert "run=<required>  run directory of a training" in in_process("eval", "--help").out
