"""Any MJCF or URDF, without a line of code."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dynax.envs.env import Env
from dynax.envs.resets.keyframe import Reset
from dynax.mjcf.bundle import bundle


@dataclass(frozen=True, eq=False)
class MjcfEnv(Env):
    """The robot in the file `xml`, named after its stem; what the file includes and loads comes along.

    Raises `UserError` for a file that cannot be read or that MuJoCo rejects, and for a reset that the robot cannot do.
    """

    xml: str = ""
    reset: Reset = field(default_factory=Reset)

    def __post_init__(self):
        super().__post_init__()
        self.reset.check(self.mj_model, self.space)

    @property
    def name(self) -> str:
        return Path(self.xml).stem

    def _read(self) -> tuple[str, dict[str, bytes]]:
        return bundle(Path(self.xml).expanduser(), "env.xml")

    def sample_states(self, rng: np.random.Generator, n: int) -> np.ndarray:
        return self.reset(self.mj_model, self.space, rng, n)
