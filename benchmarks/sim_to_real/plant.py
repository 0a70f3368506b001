"""The true machine: the nominal robot with other masses and damping, dry friction, delay, backlash and sensor noise.

The backlash is a second hinge at a driven joint. Its range is the gap, so that the motor turns freely within the gap.
The armature, the damping and the actuator belong to the motor side. The encoder measures the link.
"""

from collections import deque
from dataclasses import dataclass, replace

import mujoco
import numpy as np
from jaxtyping import Float

from benchmarks.sim_to_real.robots import Robot

HOLD = (0.15, 0.6)  # shortest and longest time for which a target angle is constant, s
SMOOTHING = 0.05  # time constant of the target angles, s
PLAY_ARMATURE = 1e-4  # of the hinge of a backlash, kg m^2


@dataclass(frozen=True)
class Perturbation:
    """Differences between the machine and its MJCF.

    Attributes:
        mass: a body has between 1 - mass and 1 + mass times the mass and inertia of the MJCF.
        damping: the same for the damping of a joint.
        friction: dry friction, in multiples of the robot's own `dry` times damping.
        delay: control steps after which an action acts.
        gap: backlash, in multiples of the robot's own `gap`.
        position_noise: standard deviation of the measured angles, rad.
        velocity_noise: standard deviation of the measured rates, rad/s.
        seed: seed of masses and damping.
    """

    mass: float = 0.25
    damping: float = 0.3
    friction: float = 1.0
    delay: int = 3
    gap: float = 1.0
    position_noise: float = 5e-4
    velocity_noise: float = 0.02
    seed: int = 0


NONE = Perturbation(0.0, 0.0, 0.0, 0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Record:
    """A recording: T + 1 states, which are angles and rates of the n joints, and T actions."""

    states: Float[np.ndarray, "steps s"]
    actions: Float[np.ndarray, "t n"]


class Plant:
    """The simulation of a machine, in C MuJoCo.

    Args:
        robot: the nominal robot.
        change: the differences of the machine.
    """

    def __init__(self, robot: Robot, change: Perturbation):
        self.robot, self.change = robot, change
        self.nominal = robot.spec().compile()
        self.model, self.play = _machine(robot, change, self.nominal)
        self._data = mujoco.MjData(self.model)
        self._joints = np.array([self.model.joint(name).qposadr[0] for name in self.joints])
        self.reset()

    @property
    def joints(self) -> list[str]:
        """Names of the joints of the nominal robot."""
        return [self.nominal.joint(i).name for i in range(self.nominal.njnt)]

    @property
    def dt(self) -> float:
        """Control step, s."""
        return self.model.opt.timestep

    def record(self, seconds: float, seed: int) -> Record:
        """Return a recording without noise of the robot that follows random target angles.

        Args:
            seconds: its length, s.
            seed: seed of the target angles.
        """
        targets = self._targets(round(seconds / self.dt), np.random.default_rng(seed))
        self.reset()
        states, actions = [self.state()], []
        waiting = deque([self.robot.action(self.nominal, targets[0], states[0])] * self.change.delay)
        for target in targets:
            action = self.robot.action(self.nominal, target, states[-1])
            waiting.append(action)
            states.append(self.step(waiting.popleft()))
            actions.append(action)
        return Record(np.array(states), np.array(actions))

    def reset(self) -> None:
        """Move the machine to the center of its motion, at rest, without slack."""
        mujoco.mj_resetData(self.model, self._data)
        self._data.qpos[self._joints] = self.robot.center

    def step(self, action: Float[np.ndarray, " n"]) -> Float[np.ndarray, " s"]:
        """Simulate one control step with an action that acts now, and return the state after it."""
        self._data.ctrl[:] = action
        mujoco.mj_step(self.model, self._data)
        return self.state()

    def state(self) -> Float[np.ndarray, " s"]:
        """Return angles and rates of the links."""
        qpos, qvel = self._data.qpos[self._joints].copy(), self._data.qvel[self._joints].copy()
        if self.play is not None:
            joint, address = self.play
            qpos[joint] += self.slack
            qvel[joint] += self._data.qvel[address]
        return np.concatenate([qpos, qvel])

    @property
    def slack(self) -> float:
        """The angle of the link relative to its motor, rad; 0 without backlash."""
        return float(self._data.qpos[self.play[1]]) if self.play else 0.0

    def measured(self, record: Record, seed: int) -> Record:
        """Return a recording with sensor noise."""
        n, rng = len(self._joints), np.random.default_rng((seed, 1))
        std = np.repeat([self.change.position_noise, self.change.velocity_noise], n)
        return replace(record, states=record.states + std * rng.standard_normal(record.states.shape))

    def _targets(self, steps: int, rng: np.random.Generator) -> Float[np.ndarray, "t n"]:
        """Return random target angles: constant for random times, then smoothed by a filter of first order."""
        targets = np.empty((steps, len(self._joints)))
        for joint, center in enumerate(self.robot.center):
            holds = rng.integers(*(round(time / self.dt) for time in HOLD), size=_at_least(steps, HOLD[0] / self.dt))
            targets[:, joint] = np.repeat(center + self.robot.width * rng.uniform(-1, 1, holds.size), holds)[:steps]
        smooth, value, share = np.empty_like(targets), np.array(self.robot.center), self.dt / SMOOTHING
        for index, target in enumerate(targets):
            smooth[index] = value = value + share * (target - value)
        return smooth


def _at_least(steps: int, shortest: float) -> int:
    return int(steps / shortest) + 2


def _machine(
    robot: Robot, change: Perturbation, nominal: mujoco.MjModel
) -> tuple[mujoco.MjModel, tuple[int, int] | None]:
    """Return the perturbed model; with a backlash, the nominal joint and the address of its second hinge."""
    spec, rng = robot.spec(), np.random.default_rng(change.seed)
    if gap := change.gap * robot.gap:
        _add_play(spec, robot.play, gap)
    model = spec.compile()
    factors = 1 + change.mass * rng.uniform(-1, 1, model.nbody)
    model.body_mass *= factors
    model.body_inertia *= factors[:, None]
    for index in range(nominal.njnt):
        dof = model.joint(nominal.joint(index).name).dofadr[0]
        model.dof_damping[dof] *= 1 + change.damping * rng.uniform(-1, 1)
        model.dof_frictionloss[dof] = change.friction * robot.dry * nominal.dof_damping[index]
    mujoco.mj_setConst(model, mujoco.MjData(model))
    play = (nominal.joint(robot.play).id, int(model.joint(f"{robot.play}_play").qposadr[0])) if gap else None
    return model, play


def _add_play(spec: mujoco.MjSpec, name: str, gap: float) -> None:
    """Add the hinge of a backlash after a joint, about the same axis.

    The model with the second hinge has other addresses. Therefore its keyframe is removed.
    """
    for key in list(spec.keys):
        spec.delete(key)
    joint = spec.joint(name)
    joint.parent.add_joint(
        name=f"{name}_play", type=joint.type, pos=joint.pos, axis=joint.axis, range=[-gap / 2, gap / 2],
        limited=True, armature=PLAY_ARMATURE, damping=0.0, frictionloss=0.0, solref_limit=[0.008, 1.0],
        solimp_limit=[0.99, 0.999, 0.001, 0.5, 2.0],
    )  # fmt: skip
