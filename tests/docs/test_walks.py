"""Run the commands of a page one after the other, in small sizes: on the log of a pendulum, and on a cart pole."""

import os
import re
import subprocess
import sys
from pathlib import Path

import mujoco
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
ROBOT = """<mujoco><option timestep=".002"/><worldbody><body><joint name="shoulder" axis="0 1 0" damping=".05"/>
<geom type="capsule" fromto="0 0 0 0 0 -.2" size=".02" mass=".3"/></body></worldbody>
<actuator><motor joint="shoulder" ctrlrange="-1 1"/></actuator></mujoco>"""
SMALL = {  # further arguments of each command; the first pattern that fits
    "train*model=rigid*": ["training.finetune_steps=1"],
    "train*": [
        "training.num_epochs=1", "training.finetune_steps=1", "training.unroll_epochs=0", "training.val_rollouts=2",
        "collect.num_rollouts=20", "collect.rollout_length=100",
    ],
    "collect*": ["collect.num_rollouts=8", "collect.rollout_length=60"],
    "eval*": ["eval.num_trajectories=4", "eval.seconds=0.5"],
    "render*": ["render.seconds=0.2"],
    "plan*": ["plan.episodes=1", "plan.seconds=0.2", "plan.compare=[]", "planner.samples=32", "planner.horizon=0.1"],
    "learn*": [
        "learn.random=50", "learn.seconds=1", "learn.transitions=70", "training.num_epochs=1", "model.ensemble_size=2",
        "model.hidden_dims=[8]", "planner.samples=32", "planner.horizon=0.2",
    ],
}  # fmt: skip


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)


def run(folder: Path, page: str) -> list[str]:
    """Run all commands of a page in a shell. Return the paths that they print, of which each must exist."""
    cases = "\n".join(f'{name}) set -- "$@" {" ".join(map(repr, words))};;' for name, words in SMALL.items())
    script = "\n".join(
        [
            "set -eu",
            f'dynax() {{ case $* in\n{cases}\nesac; {sys.executable} -m dynax "$@"; }}',
            *blocks(page, "bash"),
        ]
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    paths = done.stdout.splitlines()
    assert [path for path in paths if not Path(path).exists()] == []
    assert len(paths) == len(re.findall(r"^dynax ", "\n".join(blocks(page, "bash")), re.MULTILINE))
    return paths


@pytest.fixture
def log(tmp_path):
    """Write a log of a pendulum, as the page on logs shows it, and the MJCF of the pendulum."""
    model = mujoco.MjModel.from_xml_string(ROBOT)
    data, rng, rows = mujoco.MjData(model), np.random.default_rng(0), []
    for k in range(10000):
        if k % 100 == 0:
            data.ctrl[:] = rng.uniform(-1, 1)
        rows.append([data.time, data.qpos[0], data.qvel[0], data.ctrl[0]])
        mujoco.mj_step(model, data)
    noisy = np.array(rows) + rng.normal(0, [0, 1e-4, 1e-3, 0], (10000, 4))
    header = blocks("logs.md", "text")[0].splitlines()[0]
    np.savetxt(tmp_path / "log.csv", noisy, fmt="%.7g", delimiter=",", header=header, comments="")
    (tmp_path / "robot.xml").write_text(ROBOT)
    return tmp_path


@pytest.mark.slow
def test_the_commands_of_the_page_on_logs(log):
    assert len(run(log, "logs.md")) >= 7
    drafted = (log / "map.yaml").read_text().splitlines()
    assert [line.split("#")[0].strip() for line in drafted if line and line[0] not in " #"][:4] == [
        line.split("#")[0].strip() for line in blocks("logs.md", "yaml")[0].splitlines()
    ]


@pytest.mark.slow
def test_the_commands_of_the_page_on_control(tmp_path):
    plugin = next(code for code in blocks("control.md", "python") if code.startswith("# spin.py"))
    (tmp_path / "spin.py").write_text(plugin)
    assert len(run(tmp_path, "control.md")) >= 4
