"""A robot: its MuJoCo model, the coordinates of its state, and where its trajectories start."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources

import mujoco
import numpy as np

from dynax.envs.state_space import StateSpace
from dynax.errors import UserError, check_range, did_you_mean
from dynax.mjcf.mujoco_log import logged

MOCAP_REACH = 0.1  # m
MOCAP_TURN = 0.3  # rad
CLAMP = mujoco.mjtDisableBit.mjDSBL_CLAMPCTRL


@dataclass(frozen=True, eq=False)
class Env(ABC):
    """A robot as the rest of Dynax sees it. Immutable, and equal to itself alone.

    The fields of a subclass are the options of its group in `conf/env`.
    """

    mjcf: str = field(default="", kw_only=True, repr=False)  # the model as XML text; by default the robot's own file
    assets: Mapping[str, bytes] = field(default_factory=dict, kw_only=True, repr=False)  # files it loads, by name
    decimation: int = field(default=1, kw_only=True)  # physics steps that one control step lasts
    observe: tuple[str, ...] = field(default=("all",), kw_only=True)  # all, qpos, or the joints a model may see
    action_range: Mapping[str, tuple[float, ...]] = field(default_factory=dict, kw_only=True)  # action: [low, high]

    def __post_init__(self):
        check_range("env.decimation", self.decimation, 1)
        if not self.mjcf:
            mjcf, assets = self._read()
            object.__setattr__(self, "mjcf", mjcf)
            object.__setattr__(self, "assets", assets)
        for reason in unsupported_model(self.mj_model):
            raise UserError(f"the robot {self.name} cannot be learned: {reason}")
        _check_ranges(self.mj_model, self.action_names, self.action_range)

    @property
    def name(self) -> str:
        """The robot's name: that of the file which defines it."""
        return type(self).__module__.rpartition(".")[2]

    def _read(self) -> tuple[str, Mapping[str, bytes]]:
        return resources.files("dynax.envs").joinpath("assets", f"{self.name}.xml").read_text(), {}

    @cached_property
    def mj_model(self) -> mujoco.MjModel:
        try:
            with logged():
                return mujoco.MjModel.from_xml_string(self.mjcf, dict(self.assets))
        except ValueError as error:
            raise UserError(f"MuJoCo cannot read the model of {self.name}: {error}") from None

    @cached_property
    def sim_model(self) -> mujoco.MjModel:
        """`mj_model` without what is only looked at or measured: the same motion, to the bit, in less time.

        MuJoCo discards what nothing can touch, and refuses where a body's inertia must come from such geoms (its
        documentation: `compiler/discardvisual`); then all of them stay.
        """
        with logged():
            spec = mujoco.MjSpec.from_string(self.mjcf, assets=dict(self.assets))
            spec.compiler.discardvisual = True
            try:
                model = spec.compile()
            except ValueError:
                model = copy.copy(self.mj_model)
        model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_SENSOR
        return model

    @cached_property
    def space(self) -> StateSpace:
        return StateSpace.of(self.mj_model, self.decimation, observed(self.mj_model, self.observe))

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
        return len(self.action_names)

    @cached_property
    def action_names(self) -> tuple[str, ...]:
        """Names of the entries of an action: controls, then positions and quaternions of mocap bodies."""
        model = self.mj_model
        mocap = [model.body(int(i)).name or f"body{i}" for i in _mocap_bodies(model)]
        return (
            *(model.actuator(i).name or f"actuator{i}" for i in range(model.nu)),
            *(f"{body} {axis}" for body in mocap for axis in "xyz"),
            *(f"{body} q{axis}" for body in mocap for axis in "wxyz"),
        )

    @cached_property
    def default_action(self) -> np.ndarray:
        """The action (A,) that leaves the robot to itself: no control, and mocap bodies where the MJCF has them."""
        model = self.mj_model
        bodies = _mocap_bodies(model)
        return np.concatenate([np.zeros(model.nu), model.body_pos[bodies].ravel(), model.body_quat[bodies].ravel()])

    @cached_property
    def action_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest action, two (A,).

        Of a control `env.action_range`, else the MJCF's `ctrlrange`, or [-1, 1] where it gives none. A mocap body moves
        within `MOCAP_REACH` m and about `MOCAP_TURN` rad of where it stands.
        """
        model = self.mj_model
        limited = model.actuator_ctrllimited.astype(bool)
        low, high = np.where(limited, model.actuator_ctrlrange.T, [[-1.0], [1.0]])
        around = np.repeat([MOCAP_REACH, MOCAP_TURN / 2], [3 * model.nmocap, 4 * model.nmocap])
        low = np.concatenate([low, self.default_action[model.nu :] - around])
        high = np.concatenate([high, self.default_action[model.nu :] + around])
        for name, ends in self.action_range.items():
            low[self.action_names.index(name)], high[self.action_names.index(name)] = ends
        return low, high

    @abstractmethod
    def sample_states(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """`n` initial states (n, nq + nv + na), float64, drawn from the reset distribution."""


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


def observed(model: mujoco.MjModel, what: Sequence[str]) -> np.ndarray:
    """(2 nv + na,) bool: the tangent coordinates that `what`, `all`, `qpos` or names of joints, shows.

    Raises `UserError` for a joint that the robot does not have.
    """
    if tuple(what) == ("all",):
        return np.ones(2 * model.nv + model.na, bool)
    if tuple(what) == ("qpos",):
        return np.arange(2 * model.nv + model.na) < model.nv
    names = [model.joint(j).name or f"joint{j}" for j in range(model.njnt)]
    if not what:
        raise UserError(f"env.observe=[] shows nothing: it must be all, qpos, or some of {', '.join(names)}")
    for name in what:
        if name not in names:
            raise UserError(
                f"env.observe={list(what)}: no joint is called {name}{did_you_mean(name, names)}; "
                f"it must be all, qpos, or some of {', '.join(names)}"
            )
    shown = np.isin([names[j] for j in model.dof_jntid], list(what))
    return np.concatenate([shown, shown, np.zeros(model.na, bool)])


def _check_ranges(model: mujoco.MjModel, names: Sequence[str], ranges: Mapping[str, tuple[float, ...]]) -> None:
    clamped = model.actuator_ctrllimited.astype(bool) & (not model.opt.disableflags & CLAMP)
    for name, ends in ranges.items():
        if name not in names:
            raise UserError(
                f"env.action_range.{name}: no actuator is called that{did_you_mean(name, names)}; "
                f"there are {', '.join(names) or 'none'}"
            )
        if len(ends) != 2 or ends[0] >= ends[1]:
            raise UserError(f"env.action_range.{name}={list(ends)} must be [lowest, highest]")
        actuator = names.index(name)
        if actuator < model.nu and clamped[actuator]:
            low, high = model.actuator_ctrlrange[actuator]
            if ends[0] < low or ends[1] > high:
                raise UserError(
                    f"env.action_range.{name}={list(ends)} is wider than the MJCF's ctrlrange, to which MuJoCo clamps: "
                    f"it must lie within [{low:g}, {high:g}]"
                )


def _mocap_bodies(model: mujoco.MjModel) -> np.ndarray:
    """The mocap bodies, in the order of their poses in `MjData`."""
    bodies = np.flatnonzero(model.body_mocapid >= 0)
    return bodies[np.argsort(model.body_mocapid[bodies])]


def unsupported_model(model: mujoco.MjModel) -> Iterator[str]:
    """What the model asks for that a state of positions, velocities and activations cannot hold, each named."""
    if not model.njnt:
        yield "it has no joint"
    if model.nflex:
        yield f"the flex `{mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_FLEX, 0) or 0}` is a soft body"
    for i in range(model.nactuator):
        if model.actuator_ctrlnum[i] != 1 or model.actuator_outnum[i] != 1:
            yield f"actuator `{model.actuator(i).name or i}` has several inputs or outputs"
            return  # what follows has an actuator for each control
    for i in np.flatnonzero(model.actuator_delay):
        yield f"actuator `{model.actuator(i).name or i}` has a delay: controls on their way are a state of their own"
    for i in np.flatnonzero(model.actuator_dyntype == mujoco.mjtDyn.mjDYN_USER):
        yield f"actuator `{model.actuator(i).name or i}` has dynamics that a program must supply (dyntype user)"
    if model.nplugin:
        yield "it uses a MuJoCo plugin, which may hide a state of its own"
