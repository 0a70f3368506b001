"""The commands through the command line: in the test process or, if a test needs one, in a separate process."""

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from in_process import as_if_new, redirected

REPOSITORY = Path(__file__).parents[2]
ADAM = "training.optimizer=adam"  # compiles faster than SOAP, which the trainings of `lagrangian` use
SMALL = {
    "gru": ["model.width=8", "model.history=3", ADAM],
    "lagrangian": [],
    "mechanical": ["model.hidden_dims=[16]", ADAM],
    "mlp": ["model.hidden_dims=[16]", ADAM],
    "quadratic": ["model.hidden_dims=[16]", ADAM],
    "residual": ["model.hidden_dims=[8]", ADAM],
    "resnet": ["model.width=8", "model.num_blocks=1", ADAM],
    "rigid": [],
    "transformer": ["model.width=8", "model.num_layers=1", "model.num_heads=2", "model.history=3", ADAM],
}
# The constraints of these robots take long to compile. Tests of the bouncer and of foreign models cover contacts.
QUICK = {name: ["model.constraints=none"] for name in ("arm", "cheetah", "hopper", "quadruped", "three_link")}
SLIDER = """
<mujoco>
  <option timestep="0.01"/>
  <worldbody>
    <body>
      <joint name="slide" type="slide" axis="1 0 0" limited="true" range="-1 1"/>
      <geom size="0.1"/>
    </body>
  </worldbody>
  <actuator><motor joint="slide" ctrllimited="true" ctrlrange="-1 1" gear="2"/></actuator>
</mujoco>
"""
BOUNCER = """
<mujoco>
  <option timestep="0.01"/>
  <worldbody>
    <geom type="plane" size="5 5 1"/>
    <body pos="0 0 0.5">
      <joint name="height" type="slide" axis="0 0 1"/>
      <geom size="0.1"/>
    </body>
  </worldbody>
  <actuator><motor joint="height" ctrllimited="true" ctrlrange="-1 1" gear="20"/></actuator>
</mujoco>
"""
FILES = {"slider": SLIDER, "bouncer": BOUNCER}  # MJCF files of a user: without and with contacts


TIMEOUT = 600.0  # s; a stalled machine takes minutes instead of seconds


@dataclass(frozen=True)
class Finished:
    """The exit code and the output of a finished command line."""

    code: int
    out: str
    err: str

    @property
    def path(self) -> Path:
        """The path of the result. Standard output must not contain anything else."""
        assert self.code == 0, self.err
        [line] = self.out.splitlines()
        return Path(line)


class CommandLine:
    """`dynax` in a folder: `line(...)` runs in the test process, `line.process(...)` in a separate process."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._started: list[subprocess.Popen] = []

    def __call__(self, *args: str) -> Finished:
        out, err = self.folder / ".out", self.folder / ".err"
        with as_if_new(self.folder), redirected(out, err):
            code = importlib.import_module("dynax.cli").main(args)
        return Finished(code, out.read_text(), err.read_text())

    def start(self, *args: str) -> subprocess.Popen:
        command, pipe = [sys.executable, "-m", "dynax", *args], subprocess.PIPE
        process = subprocess.Popen(
            command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
        )
        self._started.append(process)
        return process

    @staticmethod
    def end(process: subprocess.Popen) -> Finished:
        out, err = process.communicate(timeout=TIMEOUT)
        return Finished(process.returncode, out, err)

    def process(self, *args: str) -> Finished:
        return self.end(self.start(*args))

    def close(self) -> None:
        """Kill the processes that a failed test has left."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def smoke(self, *args: str, model: str = "mlp") -> Finished:
        """Train a small network for a few seconds."""
        return self("train", "training=smoke", f"model={model}", *SMALL[model], *args)

    def made(self) -> list[str]:
        """Return the paths in `outputs`, except for datasets."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.glob("outputs/[!d]*/*/*"))


@pytest.fixture
def dynax(tmp_path) -> Iterator[CommandLine]:
    """The command line in an empty folder."""
    with closing(CommandLine(tmp_path)) as line:
        yield line


@dataclass(frozen=True)
class Workshop:
    """A folder that all tests of a session share, so that each dataset and each small model is created only once."""

    line: CommandLine

    @property
    def folder(self) -> Path:
        return self.line.folder

    def env(self, name: str) -> list[str]:
        """Return the overrides that choose a robot."""
        return ["env=mjcf", f"env.xml={self.folder / name}.xml"] if name in FILES else [f"env={name}"]

    def trained(self, env: str = "pendulum", model: str = "mlp") -> Path:
        """Return a run of two epochs. Tests must not change it."""
        record = self.folder / f"{env}-{model}.path"
        if not record.exists():
            record.write_text(str(self.line.smoke(*self.env(env), *QUICK.get(env, ()), model=model).path))
        return Path(record.read_text())


@pytest.fixture(scope="session")
def workshop(tmp_path_factory) -> Iterator[Workshop]:
    folder = tmp_path_factory.mktemp("workshop")
    for name, mjcf in FILES.items():
        (folder / f"{name}.xml").write_text(mjcf)
    with closing(CommandLine(folder)) as line:
        yield Workshop(line)


@pytest.fixture
def slider(tmp_path) -> Path:
    """The MJCF file of a user's robot."""
    (tmp_path / "slider.xml").write_text(SLIDER)
    return tmp_path / "slider.xml"


@pytest.fixture(scope="session")
def documented() -> dict[str, set[str]]:
    """Return the keys of `summary.json` that docs/commands/summary.md lists for each command."""
    page = (REPOSITORY / "docs" / "commands" / "summary.md").read_text()
    table = re.findall(r"^\| (all|collect|train|eval|render|plan|learn|export) \| (.*) \|$", page, re.M)
    keys = {command: set(re.findall("`(.*?)`", text)[0].split()) for command, text in table}
    return {command: keys["all"] | own for command, own in keys.items()}
