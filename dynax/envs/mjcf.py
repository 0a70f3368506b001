"""Any MJCF of hinge and slide joints, without a line of code."""

from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np

from dynax.envs.env import Env
from dynax.errors import UserError, check_range


@dataclass(frozen=True, eq=False)
class MjcfEnv(Env):
    """The robot in the file `xml`, named after its stem.

    Trajectories start at keyframe 0, or at the default pose where there is none, with Gaussian noise; limited joints
    are kept within their range.

    Raises `UserError` for a file that cannot be read, that MuJoCo rejects, or that refers to further files than
    includes (meshes, height fields, textures), which a run directory could not carry along yet.
    """

    xml: str = ""
    qpos_noise: float = 0.5  # standard deviation, rad or m
    qvel_noise: float = 1.0  # standard deviation, rad/s or m/s

    def __post_init__(self):
        check_range("env.qpos_noise", self.qpos_noise, 0)
        check_range("env.qvel_noise", self.qvel_noise, 0)
        super().__post_init__()

    @property
    def name(self) -> str:
        return Path(self.xml).stem

    def _read(self) -> str:
        try:
            text = Path(self.xml).expanduser().read_text()
            model = mujoco.MjModel.from_xml_path(str(Path(self.xml).expanduser()))
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"env.xml={self.xml} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        except ValueError as error:
            raise UserError(f"env.xml={self.xml} is no MJCF that MuJoCo accepts: {error}") from None
        for kind in ("mesh", "hfield", "tex", "skin"):
            if np.any(getattr(model, f"{kind}_pathadr") >= 0):
                raise UserError(f"env.xml={self.xml} cannot be taken yet: it loads a {kind} from a file of its own")
        return _with_includes(self.xml) if "<include" in text else text

    def sample_states(self, rng: np.random.Generator, n: int) -> np.ndarray:
        model, space = self.mj_model, self.space
        home = np.r_[model.key_qpos[0], model.key_qvel[0]] if model.nkey else np.r_[model.qpos0, np.zeros(model.nv)]
        noise = np.repeat([self.qpos_noise, self.qvel_noise], space.nv)
        states = home + rng.normal(size=(n, space.dim)) * noise
        inside = np.clip(states[:, : space.nv], space.lower, space.upper)
        states[:, : space.nv] = np.where(space.limited, inside, states[:, : space.nv])
        return states


def _with_includes(path: str) -> str:
    """The MJCF with its includes written out."""
    spec = mujoco.MjSpec.from_file(str(Path(path).expanduser()))
    spec.compile()
    return spec.to_xml()
