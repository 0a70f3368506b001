"""How the commands are tested: through the command line, in this process where that is enough, else in a new one."""

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
SMALL = {
    "lagrangian": [],
    "mechanical": ["model.hidden_dims=[16]"],
    "mlp": ["model.hidden_dims=[16]"],
    "quadratic": ["model.hidden_dims=[16]"],
    "resnet": ["model.width=8", "model.num_blocks=1"],
    "rigid": [],
    "transformer": ["model.width=8", "model.num_layers=1", "model.num_heads=2", "model.history=3"],
}
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


@dataclass(frozen=True)
class Ran:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def path(self) -> Path:
        """The result, which is all there may be on standard output."""
        assert self.code == 0, self.err
        [line] = self.out.splitlines()
        return Path(line)


class CommandLine:
    """`dynax` in a folder: `line(...)` in this process, `line.process(...)` in a new one."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._started: list[subprocess.Popen] = []

    def __call__(self, *args: str) -> Ran:
        out, err = self.folder / ".out", self.folder / ".err"
        with as_if_new(self.folder), redirected(out, err):
            code = importlib.import_module("dynax.cli").main(args)
        return Ran(code, out.read_text(), err.read_text())

    def start(self, *args: str) -> subprocess.Popen:
        command, pipe = [sys.executable, "-m", "dynax", *args], subprocess.PIPE
        process = subprocess.Popen(
            command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
        )
        self._started.append(process)
        return process

    @staticmethod
    def end(process: subprocess.Popen) -> Ran:
        out, err = process.communicate(timeout=300)
        return Ran(process.returncode, out, err)

    def process(self, *args: str) -> Ran:
        return self.end(self.start(*args))

    def close(self) -> None:
        """Leave no process behind, whatever a test came to."""
        for process in self._started:
            process.kill()
            process.communicate()

    def smoke(self, *args: str, model: str = "mlp") -> Ran:
        """A training of seconds, of a small network."""
        return self("train", "training=smoke", f"model={model}", *SMALL[model], *args)

    def made(self) -> list[str]:
        """What lies in `outputs`, but for datasets."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.glob("outputs/[!d]*/*/*"))


@pytest.fixture
def dynax(tmp_path) -> Iterator[CommandLine]:
    """The command line in an empty folder."""
    with closing(CommandLine(tmp_path)) as line:
        yield line


@dataclass(frozen=True)
class Workshop:
    """A folder that the tests of a session share: the same data and the same small models, each made once."""

    line: CommandLine

    @property
    def folder(self) -> Path:
        return self.line.folder

    def env(self, name: str) -> list[str]:
        """The overrides that choose a robot; the slider is an MJCF of the user's."""
        return ["env=mjcf", f"env.xml={self.folder / 'slider.xml'}"] if name == "slider" else [f"env={name}"]

    def trained(self, env: str = "pendulum", model: str = "mlp") -> Path:
        """A run of two epochs, to be read and never changed."""
        kept = self.folder / f"{env}-{model}.path"
        if not kept.exists():
            kept.write_text(str(self.line.smoke(*self.env(env), model=model).path))
        return Path(kept.read_text())


@pytest.fixture(scope="session")
def workshop(tmp_path_factory) -> Iterator[Workshop]:
    folder = tmp_path_factory.mktemp("workshop")
    (folder / "slider.xml").write_text(SLIDER)
    with closing(CommandLine(folder)) as line:
        yield Workshop(line)


@pytest.fixture
def slider(tmp_path) -> Path:
    """The MJCF of a robot of one's own."""
    (tmp_path / "slider.xml").write_text(SLIDER)
    return tmp_path / "slider.xml"


@pytest.fixture(scope="session")
def documented() -> dict[str, set[str]]:
    """The keys of `summary.json` by command, as the README has them."""
    table = re.findall(r"^\| (all|collect|train|eval|render) \| (.*) \|$", (REPOSITORY / "README.md").read_text(), re.M)
    keys = {command: set(re.findall("`(.*?)`", text)[0].split()) for command, text in table}
    return {command: keys["all"] | own for command, own in keys.items()}
