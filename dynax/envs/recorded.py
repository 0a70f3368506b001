"""A machine of which there are only logs: `env=data`. Its description comes from the dataset of the log."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from xml.sax.saxutils import quoteattr

import mujoco
import numpy as np

from dynax.envs.env import Env
from dynax.envs.source import ModelSource
from dynax.envs.state_space import StateSpace
from dynax.errors import UserError
from dynax.mjcf.binary_model import model_name

UNITS = "dynax_units"  # name of the MJCF's custom text with the units of the positions


@dataclass(frozen=True)
class Coordinate:
    """One position of a recorded machine."""

    name: str
    is_angle: bool  # rad; values that differ by a full turn are equal. Otherwise, a length or another number
    unit: str


@dataclass(frozen=True, eq=False)
class DataEnv(Env):
    """A machine that is known from its logs.

    Its MJCF has no mechanics. It only lists the coordinates, their kinds and units, the actions and the control step:
    `recorded_mjcf` writes it, and the manifest of an imported dataset contains it. By default, models receive positions
    only, because velocities of a log are estimated or noisy.

    Raises:
        UserError: if there is no dataset of a log.
    """

    observe: tuple[str, ...] = field(default=("qpos",), kw_only=True)

    def __post_init__(self, source: ModelSource | None):
        if self.mjcf:
            object.__setattr__(self, "name", model_name(self.mj_model))
        super().__post_init__(source)

    def _read(self, source: ModelSource | None) -> tuple[str, dict[str, bytes]]:
        raise UserError(
            "name=data has no simulator: give the dataset of a log, dataset=<directory>, as `dynax import` prints it",
            "name",
        )

    @cached_property
    def space(self) -> StateSpace:
        """The coordinates of a state. Every position can affect the motion."""
        space, model = super().space, self.mj_model
        units = _custom_text(model, UNITS).split()
        return dataclasses.replace(space, invariant=np.zeros(space.nv, bool), position_units=tuple(units))

    @property
    def is_recorded(self) -> bool:
        """Whether there are only logs of the machine: always true."""
        return True

    @property
    def semi_implicit(self) -> bool:
        """Whether positions change by dt times the new velocity: not in measurements."""
        return False


def recorded_mjcf(name: str, coordinates: Sequence[Coordinate], actions: Sequence[str], dt: float) -> str:
    """Return the MJCF that describes a recorded machine.

    Args:
        name: name of the machine.
        coordinates: the positions.
        actions: names of the entries of an action.
        dt: control step, s.
    """
    first = quoteattr(coordinates[0].name)
    bodies = "\n".join(_body(coordinate) for coordinate in coordinates)
    motors = "\n".join(f"    <motor name={quoteattr(action)} joint={first}/>" for action in actions)
    units = quoteattr(" ".join(coordinate.unit for coordinate in coordinates))
    return f"""<mujoco model={quoteattr(name)}>
  <!-- A recorded machine: names, kinds and units of its coordinates. It has no mechanics. -->
  <compiler angle="radian"/>
  <option timestep="{dt!r}" gravity="0 0 0"/>
  <custom>
    <text name="{UNITS}" data={units}/>
  </custom>
  <worldbody>
{bodies}
  </worldbody>
  <actuator>
{motors}
  </actuator>
</mujoco>
"""


def is_recorded_mjcf(mjcf: str) -> bool:
    """Return whether an MJCF describes a recorded machine, without mechanics."""
    return f'<text name="{UNITS}"' in mjcf


def _body(coordinate: Coordinate) -> str:
    kind = "hinge" if coordinate.is_angle else "slide"
    joint = f"<joint name={quoteattr(coordinate.name)} type={quoteattr(kind)}/>"
    return f'    <body>{joint}<inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/></body>'


def _custom_text(model: mujoco.MjModel, name: str) -> str:
    number = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_TEXT, name)
    start, size = model.text_adr[number], model.text_size[number]
    return bytes(model.text_data[start : start + size]).rstrip(b"\0").decode()
