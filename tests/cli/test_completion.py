"""Tab completion, partly through the function that bash calls."""

import os
import subprocess
import sys

import pytest

# Set the variables that bash sets: the line up to the cursor, and the number of the current word.
PRESS_TAB = r"""
eval "$(dynax -sc install=bash)"
complete -p dynax | grep -q hydra_bash_completion || exit 1
while IFS= read -r COMP_LINE; do
  COMP_POINT=${#COMP_LINE}
  read -ra words <<<"$COMP_LINE"
  COMP_CWORD=$(( ${#words[@]} - 1 ))
  [[ "$COMP_LINE" == *" " ]] && COMP_CWORD=$(( COMP_CWORD + 1 ))
  COMPREPLY=()
  hydra_bash_completion
  echo "${COMPREPLY[*]}"
done
"""

LINES_IN_BASH = {
    "dynax ": "collect train eval render plan learn export import inspect compare doctor",
    "dynax tr": "train",
    "dynax train mod": "model. model=",
    "dynax train -m model=mlp,resn": "model=mlp,resnet",
    "dynax eval run=mo": "run=more/",
    "dynax train --nonsense mo": "more",  # from bash itself
}

LINES = {
    "dynax train ": "collect. collect= dataset= env. env= excitation. excitation= model. model= plugins=[ "
    "training. training=",
    "dynax train model=": "model=gru model=lagrangian model=mechanical model=mlp model=quadratic model=residual "
    "model=resnet model=rigid model=transformer",
    "dynax train model=transformer model.num_h": "model.num_heads=",
    "dynax train training.learn": "training.learning_rate=",
    "dynax train training.seed=": "training.seed=0",
    "dynax train env=mjcf env.x": "env.xml=",
    "dynax train env=mjcf env.xml=more/model/": "env.xml=more/model/mine.yaml",
    "dynax train --m": "--multirun",
    "dynax train --config-dir mo": "more/",
    "dynax train --config-dir more model=mi": "model=mine",
    "dynax train hydra/launcher=j": "hydra/launcher=joblib",
    "dynax train env=nonsense mod": "model=",
    "dynax train --nonsense mod": "",
    "dynax collect ": "collect. collect= env. env= excitation. excitation= plugins=[",
    "dynax eval ": "dataset= eval. eval= plugins=[ run=",
    "dynax nonsense ": "",
}


@pytest.fixture
def shell(tmp_path_factory):
    """Environment variables with an installed `dynax` on the PATH."""
    script = tmp_path_factory.mktemp("bin") / "dynax"
    script.write_text(f"#!{sys.executable}\nimport sys\nfrom dynax.cli import main\nsys.exit(main())\n")
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def more(tmp_path):
    """A folder with options of the user."""
    (tmp_path / "more" / "model").mkdir(parents=True)
    (tmp_path / "more" / "model" / "mine.yaml").write_text("architecture: mlp\n")


@pytest.mark.slow
@pytest.mark.usefixtures("more")
def test_completion_in_bash(shell, tmp_path):
    lines = "".join(f"{line}\n" for line in LINES_IN_BASH)
    bash = ["bash", "--norc", "-c", PRESS_TAB]
    finished = subprocess.run(bash, input=lines, cwd=tmp_path, env=shell, capture_output=True, text=True, check=True)
    assert dict(zip(LINES_IN_BASH, finished.stdout.splitlines(), strict=True)) == LINES_IN_BASH
    assert finished.stderr == ""


@pytest.mark.slow
@pytest.mark.usefixtures("more")
@pytest.mark.parametrize("line", LINES)
def test_completions(in_process, monkeypatch, line):
    monkeypatch.setenv("COMP_LINE", line)
    finished = in_process("-sc", "query=bash")
    assert (finished.code, finished.out, finished.err) == (0, f"{LINES[line]}\n", "")


def test_fish_and_a_cursor_in_the_middle_of_the_line(in_process, monkeypatch):
    monkeypatch.setenv("COMP_LINE", "dynax train mod env=cart_pole")
    monkeypatch.setenv("COMP_POINT", str(len("dynax train mod")))
    finished = in_process("-sc", "query=fish")
    assert (finished.code, finished.out, finished.err) == (0, "model.\nmodel=\n", "")


def test_installation_of_the_completion(in_process):
    assert "hydra_fish_completion" in in_process("-sc", "install=fish").out
    wrong = in_process("-sc", "install=tcsh")
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("dynax: No completion plugin for 'tcsh' found")
