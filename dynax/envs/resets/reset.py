"""The contract of a reset, and the state of a keyframe."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.config.options import check_fields, plain
from dynax.config.registries import RESETS
from dynax.envs.state_space import StateSpace


@dataclass(frozen=True)
class Reset(ABC):
    """A distribution of initial states, for any robot. The fields of a subclass are the keys of `env.reset`."""

    def __post_init__(self):
        check_fields(self)

    @property
    def name(self) -> str:
        """The registered name of the reset."""
        return RESETS.name_of(type(self))

    @property
    def home_keyframe(self) -> int | None:
        """Index of the keyframe around which the states are drawn; None is the default pose."""
        return None

    @property
    def fixed_joints(self) -> tuple[str, ...]:
        """Names of the joints whose drawn positions must not be changed to satisfy constraints."""
        return ()

    def as_group(self) -> dict[str, Any]:
        """Return the config section `env.reset` of this reset: its name and its options."""
        return {"name": self.name, **plain(self)}

    def check(self, model: mujoco.MjModel, space: StateSpace) -> None:
        """Raise UserError if an option does not fit the robot."""
        return

    @abstractmethod
    def __call__(
        self, model: mujoco.MjModel, space: StateSpace, rng: np.random.Generator, n: int
    ) -> Float[np.ndarray, "n s"]:
        """Draw `n` initial states, float64."""


def keyframe_state(model: mujoco.MjModel, keyframe: int | None = 0) -> Float[np.ndarray, " s"]:
    """Return the state of a keyframe, or the default pose at rest if `keyframe` is None or the robot has none."""
    if keyframe is None or not model.nkey:
        return np.concatenate([model.qpos0, np.zeros(model.nv + model.na)])
    return np.concatenate([model.key_qpos[keyframe], model.key_qvel[keyframe], model.key_act[keyframe]])
