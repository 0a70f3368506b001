"""A robot from any MJCF or URDF file, for the command line: `env=mjcf env.xml=path/to/robot.xml`."""

from dataclasses import dataclass
from pathlib import Path

from dynax.envs.env import Env
from dynax.envs.source import ModelSource, read_source


@dataclass(frozen=True, eq=False)
class MjcfEnv(Env):
    """The robot in the file `xml`. The stem of the file is the robot's name.

    In Python, `Env(path)` is equivalent.

    Raises:
        UserError: if the file cannot be read, MuJoCo rejects the model, or the robot does not support the reset.
    """

    xml: str = ""  # path of the file; with `mjcf`, only its stem is used

    def __post_init__(self, source: ModelSource | None):
        if self.xml and not self.name:
            object.__setattr__(self, "name", Path(self.xml).stem)
        super().__post_init__(source)

    def _read(self, source: ModelSource | None) -> tuple[str, dict[str, bytes]]:
        return super()._read(source) if source is not None else read_source(Path(self.xml), "xml", {})
