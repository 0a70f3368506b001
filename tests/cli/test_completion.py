"""Tab, through the function bash is given."""

import os
import subprocess
import sys

import pytest

# As bash does: the line up to the cursor, and the number of the word under it.
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

LINES = {
    "dynax ": "collect train eval render",
    "dynax tr": "train",
    "dynax train ": "collect. collect= dataset= env. env= excitation. excitation= model. model= training. training=",
    "dynax train mod": "model. model=",
    "dynax train model=": "model=mlp model=resnet model=transformer",
    "dynax train -m model=mlp,re": "model=mlp,resnet",
    "dynax train model=transformer model.num_h": "model.num_heads=",
    "dynax train training.seed=": "training.seed=0",
    "dynax train env=mjcf env.x": "env.xml=",
    "dynax train --m": "--multirun",
    "dynax train --config-dir mo": "more/",
    "dynax train --config-dir more model=mi": "model=mine",
    "dynax train hydra/launcher=j": "hydra/launcher=joblib",
    "dynax train env=nonsense mod": "model=",
    "dynax train --nonsense mo": "more",  # which is bash's own offer
    "dynax collect ": "collect. collect= env. env= excitation. excitation=",
    "dynax eval ": "eval. eval= run=",
    "dynax eval run=mo": "run=more/",
    "dynax nonsense mo": "more",
}


@pytest.fixture
def shell(tmp_path_factory):
    """A PATH with `dynax` on it, as installed."""
    script = tmp_path_factory.mktemp("bin") / "dynax"
    script.write_text(f"#!{sys.executable}\nimport sys\nfrom dynax.cli import main\nsys.exit(main())\n")
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}"}


def test_tab(shell, tmp_path):
    (tmp_path / "more" / "model").mkdir(parents=True)
    (tmp_path / "more" / "model" / "mine.yaml").write_text("architecture: mlp\n")
    lines = "".join(f"{line}\n" for line in LINES)
    bash = ["bash", "--norc", "-c", PRESS_TAB]
    ran = subprocess.run(bash, input=lines, cwd=tmp_path, env=shell, capture_output=True, text=True, check=True)
    assert dict(zip(LINES, ran.stdout.splitlines(), strict=True)) == LINES
    assert ran.stderr == ""


def test_fish_and_the_middle_of_a_line(dynax):
    line = "dynax train mod env=cart_pole"
    ran = dynax("-sc", "query=fish", COMP_LINE=line, COMP_POINT=str(len("dynax train mod")))
    assert (ran.code, ran.out, ran.err) == (0, "model.\nmodel=\n", "")
    assert dynax("-sc", "install=fish").code == 0
    wrong = dynax("-sc", "install=tcsh")
    assert (wrong.code, wrong.out) == (2, "")
