"""A robot: its MuJoCo model, its state space, its actions, and the distribution of its initial states."""

import copy
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field, fields
from functools import cached_property
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.config.bounds import MAX_STEPS, MAX_TRAJECTORIES
from dynax.config.options import check_fields
from dynax.config.registries import ENVS
from dynax.envs import actions
from dynax.envs.observation import observed_coordinates
from dynax.envs.resets.feasible import FeasibleSampler
from dynax.envs.resets.keyframe import KeyframeReset
from dynax.envs.resets.reset import Reset
from dynax.envs.source import ModelSource, check_model, name_of_source, read_source
from dynax.envs.state_space import StateSpace
from dynax.envs.unsupported import unsupported_model
from dynax.errors import UserError, check_range, check_whole, config_section
from dynax.mjcf.binary_model import compile_model, is_binary
from dynax.mjcf.limits import swapped_limits
from dynax.mjcf.messages import collected_warnings, log_once, warnings_to_log


@dataclass(frozen=True, eq=False)
class Env:
    """A robot. It is immutable, and equal only to itself.

    A subclass gives other defaults; its fields are the options of its group in `conf/env`.

    Args:
        source: path of an MJCF or URDF file, XML text, MjSpec or MjModel. It is read once, at construction.

    Raises:
        UserError: if the model cannot be read, Dynax does not support the robot, or an option is invalid.
    """

    source: InitVar[ModelSource | None] = None
    name: str = field(default="", kw_only=True)  # by default the registered name, the file's stem or the model's name
    mjcf: str = field(default="", kw_only=True, repr=False)  # MJCF text; if it is given, `source` is not read
    assets: Mapping[str, bytes] = field(default_factory=dict, kw_only=True, repr=False)  # files of the MJCF, by name
    decimation: int = field(default=1, kw_only=True)  # physics steps per control step
    observe: tuple[str, ...] = field(default=("all",), kw_only=True)  # observed coordinates: all, qpos, or joint names
    action_range: Mapping[str, tuple[float, ...]] = field(default_factory=dict, kw_only=True)  # name: [low, high]
    reset: Reset = field(default=KeyframeReset(), kw_only=True)  # distribution of the initial states
    warnings: tuple[str, ...] = field(default=(), init=False, repr=False)  # of MuJoCo's compiler, and swapped limits

    def __post_init__(self, source: ModelSource | None):
        check_fields(self)
        check_range("decimation", self.decimation, 1, MAX_STEPS)
        self._load(source)
        if not self.name:
            registered = ENVS.name_of(type(self))
            generic = type(self) is Env or registered == "mjcf"
            object.__setattr__(self, "name", name_of_source(source, self.mj_model) if generic else registered)
        for reason in unsupported_model(self.mj_model):
            raise UserError(f"Dynax does not support the robot {self.name}: {reason}")
        actions.check_ranges(self.mj_model, self.action_names, self.action_range)
        space = self.space
        with config_section("reset"):
            self.reset.check(self.mj_model, space)

    def _load(self, source: ModelSource | None) -> None:
        """Read and compile the model, and log the warnings of MuJoCo's compiler."""
        with collected_warnings() as found:
            if not self.mjcf:
                mjcf, assets = self._read(source)
                object.__setattr__(self, "mjcf", mjcf)
                object.__setattr__(self, "assets", assets)
            check_model(self.mjcf, self.assets, f"the model of {self.name or 'the robot'}")
            model = self.mj_model
        object.__setattr__(self, "warnings", (*found, *swapped_limits(model)))
        for warning in self.warnings:
            log_once(f"the model of {self.name or 'the robot'}: {warning}")

    def _read(self, source: ModelSource | None) -> tuple[str, dict[str, bytes]]:
        if source is None:
            raise UserError("source= is missing: it must be a path, an XML text, an MjSpec or an MjModel", "source")
        return read_source(source, "source", self.assets)

    @cached_property
    def mj_model(self) -> mujoco.MjModel:
        """The MuJoCo model.

        Raises:
            UserError: if MuJoCo rejects the MJCF.
        """
        try:
            return compile_model(self.mjcf, self.assets)
        except ValueError as error:
            reason = " ".join(str(error).split())
            raise UserError(f"MuJoCo rejects the model of {self.name or 'the robot'}: {reason}") from None

    @cached_property
    def sim_model(self) -> mujoco.MjModel:
        """The MuJoCo model without visual geoms and sensors. Its motion is bit-identical, and its simulation is faster.

        MuJoCo's option `compiler/discardvisual` removes geoms that cannot take part in a contact. The geoms stay if
        the inertia of a body is computed from them, or if the source is an MjModel.
        """
        model = None if is_binary(self.assets) else _without_visuals(self.mjcf, self.assets)
        model = model or copy.copy(self.mj_model)
        model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_SENSOR
        return model

    @cached_property
    def space(self) -> StateSpace:
        """The coordinates of a state."""
        return StateSpace.of(self.mj_model, self.decimation, observed_coordinates(self.mj_model, self.observe))

    @property
    def dt(self) -> float:
        """Duration of a control step, s. A control step consists of `decimation` physics steps with one action."""
        return self.space.dt

    @property
    def timestep(self) -> float:
        """Duration of a physics step, s."""
        return float(self.mj_model.opt.timestep)

    @property
    def integrator(self) -> str:
        """MuJoCo's name of the integrator, such as `EULER`."""
        return mujoco.mjtIntegrator(self.mj_model.opt.integrator).name.removeprefix("mjINT_")

    @property
    def is_recorded(self) -> bool:
        """Whether there are only logs of the robot, and no mechanics."""
        return False

    @property
    def semi_implicit(self) -> bool:
        """Whether the position changes by dt times the new velocity in a control step.

        All integrators of MuJoCo except RK4 have this property in a physics step. Several physics steps together do
        not have it, because the velocity changes between them.
        """
        return self.integrator != "RK4" and self.decimation == 1

    @property
    def implicit_damping(self) -> bool:
        """Whether a physics step is implicit in joint damping, as for all integrators of MuJoCo except RK4."""
        return self.integrator != "RK4"

    @property
    def state_dim(self) -> int:
        """Number of coordinates of a state, nq + nv + na."""
        return self.space.dim

    @property
    def action_dim(self) -> int:
        """Number of entries of an action."""
        return len(self.action_names)

    @cached_property
    def action_names(self) -> tuple[str, ...]:
        """Names of the entries of an action: controls, then positions and quaternions of the mocap bodies."""
        return actions.names(self.mj_model)

    @cached_property
    def default_action(self) -> Float[np.ndarray, " A"]:
        """The controls and the poses of the mocap bodies in the keyframe of the reset.

        Without a keyframe, the controls are zero, and the mocap bodies have their poses in the MJCF.
        """
        return actions.default(self.mj_model, self.reset.home_keyframe)

    @cached_property
    def action_bounds(self) -> tuple[Float[np.ndarray, " A"], Float[np.ndarray, " A"]]:
        """The lowest and the highest action."""
        return actions.bounds(self.mj_model, self.action_range, self.default_action)

    @property
    def reset_options(self) -> dict[str, Any]:
        """The settings that determine the initial states: the reset's name and options, and a subclass's own fields."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in {*_FIELDS, "xml"}}
        return {**self.reset.as_group(), **own}

    def sample_states(self, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n s"]:
        """Draw `n` initial states from the reset's distribution.

        Equality constraints are satisfied, and geoms do not overlap (see `FeasibleSampler`).

        Raises:
            UserError: if a state cannot be placed.
        """
        if not isinstance(rng, np.random.Generator):
            raise UserError(f"rng={rng!r} must be a generator of NumPy, such as np.random.default_rng(0)", "rng")
        check_whole("n", n, 0, MAX_TRAJECTORIES)
        mocap = self.default_action[self.mj_model.nu :]
        feasible = FeasibleSampler(self.reset, self.mj_model, self.space, mocap)
        for note in feasible.notes:
            log_once(f"{self.name}: {note}; all initial states may have this fault")
        return feasible.sample(rng, n)


_FIELDS = frozenset(f.name for f in fields(Env))


@warnings_to_log()
def _without_visuals(mjcf: str, assets: Mapping[str, bytes]) -> mujoco.MjModel | None:
    """Return the model compiled with `discardvisual`, or None if MuJoCo needs the visual geoms."""
    spec = mujoco.MjSpec.from_string(mjcf, assets=dict(assets))
    spec.compiler.discardvisual = True
    try:
        return spec.compile()
    except ValueError:
        return None
