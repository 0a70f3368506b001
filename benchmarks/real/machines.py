"""The machines: their logs, mappings and MJCF files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SLIDE = """<mujoco model="emps">
  <option timestep="0.005"/>
  <worldbody>
    <body>
      <joint name="carriage" type="slide" axis="1 0 0"/>
      <geom size="0.05" mass="100" contype="0" conaffinity="0"/>
    </body>
  </worldbody>
  <actuator>
    <motor joint="carriage"/>
  </actuator>
</mujoco>
"""
HINGE = """<mujoco model="simple_pendulum">
  <option timestep="0.0025"/>
  <worldbody>
    <body>
      <joint name="joint" axis="0 1 0"/>
      <geom type="capsule" size="0.02" fromto="0 0 0 0 0 -0.5" mass="0.6" contype="0" conaffinity="0"/>
    </body>
  </worldbody>
  <actuator>
    <motor joint="joint"/>
  </actuator>
</mujoco>
"""
TWO_HINGES = """<mujoco model="double_pendulum">
  <option timestep="0.002"/>
  <worldbody>
    <body>
      <joint name="shoulder" axis="0 1 0"/>
      <geom type="capsule" size="0.02" fromto="0 0 0 0 0 -0.2" mass="0.5" contype="0" conaffinity="0"/>
      <body pos="0 0 -0.2">
        <joint name="elbow" axis="0 1 0"/>
        <geom type="capsule" size="0.02" fromto="0 0 0 0 0 -0.3" mass="0.5" contype="0" conaffinity="0"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="shoulder"/>
    <motor joint="elbow"/>
  </actuator>
</mujoco>
"""


@dataclass(frozen=True)
class Machine:
    """A machine with its logs.

    Attributes:
        folder: folder of the logs.
        mapping: the mapping of the import.
        mjcf: the MJCF, which defines joints and actuators; None without mechanics.
        files: function that writes the log files, from the folder of the logs to another folder.
    """

    folder: str
    mapping: str
    mjcf: str | None
    files: Callable[[Path, Path], None]


def copied(*names: str) -> Callable[[Path, Path], None]:
    """Return a function that copies files."""

    def copy(source: Path, target: Path) -> None:
        for name in names:
            (target / name).write_bytes((source / name).read_bytes())

    return copy


def cut(name: str, parts: dict[str, tuple[int, int | None]]) -> Callable[[Path, Path], None]:
    """Return a function that writes ranges of the rows of a file as files of their own."""

    def copy(source: Path, target: Path) -> None:
        head, *rows = (source / name).read_text().splitlines(keepends=True)
        for part, (first, last) in parts.items():
            (target / part).write_text("".join([head, *rows[first:last]]))

    return copy


MACHINES = {
    "emps": Machine(
        "emps",
        "time: time_s\nqpos: [position_m]\naction: [voltage_V]\nresample: 0.005\ntest: [validation.csv]\n",
        SLIDE,
        copied("estimation.csv", "validation.csv"),
    ),
    "double_pendulum": Machine(
        "double_pendulum",
        "time: time_s\nqpos: [shoulder_pos_rad, elbow_pos_rad]\nqvel: [shoulder_vel_rad_s, elbow_vel_rad_s]\n"
        "action: [shoulder_tau_meas_Nm, elbow_tau_meas_Nm]\nresample: 0.002\n"
        "test: [log_03.csv, log_06.csv, log_10.csv]\n",
        TWO_HINGES,
        copied(*(f"log_{number:02d}.csv" for number in range(1, 11))),
    ),
    "simple_pendulum": Machine(
        "simple_pendulum",
        "time: time\nqpos: [position]\nqvel: [velocity]\naction: [torque]\nkinds: {position: angle}\n"
        "resample: 0.0025\ntest: [energy_shaping.csv, ddp.csv]\n",
        HINGE,
        copied("identification.csv", "energy_shaping.csv", "ddp.csv"),
    ),
    "silverbox": Machine(
        "silverbox",
        "dt: 0.001638404194\nqpos: [output_V]\naction: [input_V]\ntest: [arrow.csv, multisine_10.csv]\n",
        None,
        cut(
            "silverbox.csv", {"arrow.csv": (0, 40_000), "fit.csv": (40_000, -8_692), "multisine_10.csv": (-8_692, None)}
        ),
    ),
}
