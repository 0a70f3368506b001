"""A robot: its MuJoCo model, the coordinates of its state, and where its trajectories start."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources

import mujoco
import numpy as np

from dynax.errors import UserError, check_range
from dynax.state_space import HINGE, SLIDE, StateSpace


@dataclass(frozen=True, eq=False)
class Env(ABC):
    """A robot as the rest of Dynax sees it. Immutable, and equal to itself alone.

    The fields of a subclass are the options of its group in `conf/env`.
    """

    mjcf: str = field(default="", kw_only=True, repr=False)  # the model as XML text; by default the robot's own file
    decimation: int = field(default=1, kw_only=True)  # physics steps that one control step lasts

    def __post_init__(self):
        check_range("env.decimation", self.decimation, 1)
        if not self.mjcf:
            object.__setattr__(self, "mjcf", self._read())
        for reason in unsupported(self.mj_model):
            raise UserError(f"the robot {self.name} cannot be learned yet: {reason}")

    @property
    def name(self) -> str:
        """The robot's name: that of the file which defines it."""
        return type(self).__module__.rpartition(".")[2]

    def _read(self) -> str:
        return resources.files("dynax.envs").joinpath("assets", f"{self.name}.xml").read_text()

    @cached_property
    def mj_model(self) -> mujoco.MjModel:
        try:
            return mujoco.MjModel.from_xml_string(self.mjcf)
        except ValueError as error:
            raise UserError(f"MuJoCo cannot read the model of {self.name}: {error}") from None

    @cached_property
    def space(self) -> StateSpace:
        return StateSpace.of(self.mj_model, self.decimation)

    @property
    def dt(self) -> float:
        """Control step, s: `decimation` physics steps under the same control."""
        return self.space.dt

    @property
    def integrator(self) -> str:
        """The name of MuJoCo's integrator for this robot, as its MJCF spells it."""
        return mujoco.mjtIntegrator(self.mj_model.opt.integrator).name.removeprefix("mjINT_")

    @property
    def semi_implicit(self) -> bool:
        """Whether the position moves by dt times the new velocity.

        All of MuJoCo's integrators but RK4 have it so in a physics step. Over several the position moves by the mean of
        their velocities, which the last of them does not tell.
        """
        return self.integrator != "RK4" and self.decimation == 1

    @property
    def state_dim(self) -> int:
        return self.space.dim

    @property
    def action_dim(self) -> int:
        return self.mj_model.nu

    @cached_property
    def action_range(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest control, two (nu,): the MJCF's `ctrlrange`, or [-1, 1] where it gives none."""
        limited = self.mj_model.actuator_ctrllimited.astype(bool)
        low, high = self.mj_model.actuator_ctrlrange.T
        return np.where(limited, low, -1.0), np.where(limited, high, 1.0)

    @abstractmethod
    def sample_states(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """`n` initial states (n, nq + nv), float64, drawn from the reset distribution."""


@dataclass(frozen=True, eq=False)
class UniformResetEnv(Env):
    """A robot whose trajectories start uniformly in a box about the zero state."""

    reset_qpos: tuple[float, ...] = ()  # half-widths, rad or m
    reset_qvel: tuple[float, ...] = ()  # half-widths, rad/s or m/s

    def __post_init__(self):
        super().__post_init__()
        for key, widths in (("reset_qpos", self.reset_qpos), ("reset_qvel", self.reset_qvel)):
            if len(widths) != self.space.nv or min(widths) < 0:
                raise UserError(
                    f"env.{key}={list(widths)} must give {self.space.nv} half-widths of at least 0, "
                    f"one a joint of {self.name} ({', '.join(self.space.names)})"
                )

    def sample_states(self, rng: np.random.Generator, n: int) -> np.ndarray:
        return rng.uniform(-1, 1, (n, self.state_dim)) * np.array([*self.reset_qpos, *self.reset_qvel])


def unsupported(model: mujoco.MjModel) -> Iterator[str]:
    """What the model asks for that a state of hinge and slide joints cannot hold, each named."""
    if not model.njnt:
        yield "it has no joint"
    for j in np.flatnonzero(~np.isin(model.jnt_type, (HINGE, SLIDE))):
        kind = mujoco.mjtJoint(model.jnt_type[j]).name.removeprefix("mjJNT_").lower()
        yield f"joint `{model.joint(j).name or j}` is a {kind} joint; hinge and slide joints are supported"
    for i in np.flatnonzero(model.actuator_dyntype != mujoco.mjtDyn.mjDYN_NONE):
        yield f"actuator `{model.actuator(i).name or i}` has an activation state; motors without one are supported"
    for i in np.flatnonzero(model.actuator_delay):
        yield f"actuator `{model.actuator(i).name or i}` has a delay: controls on their way are a state of their own"
    if model.nmocap:
        yield "it has a mocap body, whose pose is an input of its own"
    if model.nplugin:
        yield "it uses a MuJoCo plugin, which may hide a state of its own"
