"""Whether a step of a robot depends on more than its state.

MuJoCo starts its constraint solver from the acceleration of the step before, the warm start. A solver that converges
forgets where it started. One that is cut short does not: what it started from is then a state of its own, which
(qpos, qvel) does not show, and which no model that is given those can know.

Axes: n trajectories, t control steps, s state coordinates [qpos, qvel], u actuators.
"""

import json
import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from dynax.config.schema import EvalConfig
from dynax.data.manifest import ADVICE
from dynax.data.simulate import diverged, simulate, simulate_rounded
from dynax.data.source import Source
from dynax.data.trajectories import Trajectories
from dynax.envs import Env
from dynax.errors import UserError
from dynax.evaluation import metrics
from dynax.excitations.excitation import steps_of
from dynax.runs.files import write_json

log = logging.getLogger(__name__)

FILE = "warmstart.json"
TRAJECTORIES = 16  # looked at, at most
RESTARTS = 4096  # at most, about, spread evenly over those; a stop or a contact acts for several steps
LONG = 2500  # control steps over which the cost is measured, at most
FURTHER = 10  # times as many as the data's trajectories have, at most
NEGLIGIBLE = 1e-6  # a hopper on MuJoCo's default solvers has gaps of up to 6e-7, on one cut short of 6e-5 and more
CURES = (  # for the MJCF, from the cheapest; a second <option> adds to the first
    '<option iterations="20" ls_iterations="20" tolerance="1e-10"/>',
    '<option iterations="100" ls_iterations="50" tolerance="1e-10"/>',
    '<option solver="Newton" iterations="100" ls_iterations="50" tolerance="1e-12"/>',
    '<option><flag warmstart="disable"/></option>',  # as rough a solution as before, but of the state alone
)


@dataclass(frozen=True)
class WarmstartCheck:
    """What a restart from the same (qpos, qvel) changes in a control step, what that costs, and what cures it.

    A gap is the normalized error of `metrics`: root mean square over coordinates, in standard deviations. A valid time
    is VPT(0.1) of the simulator that restarts from its state, in float32, at every step: the ceiling of `dynax eval`,
    over `tested_s` under the actions of the data. None where the gap is negligible, or no cure was found.
    """

    gap_rms: float  # over states
    gap_max: float  # what decides: a solver shows where a stop or a contact acts, which may be rare
    tested_s: float | None = None
    valid_time_s: float | None = None
    cure: str | None = None
    cured_valid_time_s: float | None = None

    @property
    def negligible(self) -> bool:
        return self.gap_max < NEGLIGIBLE

    def __str__(self) -> str:
        if self.negligible:
            return f"none (gap {self.gap_max:.0e})"
        return f"gap up to {self.gap_max:.2g}, VPT(0.1) {self.valid_time_s:.1f} s; cure: {self.cure or 'none found'}"

    def keep(self, folder: Path) -> None:
        """Write the figures into a dataset."""
        write_json(folder / FILE, asdict(self))

    @classmethod
    def kept(cls, folder: Path) -> "WarmstartCheck | None":
        """The figures in a dataset, or None where it was collected before there were any."""
        try:
            return cls(**json.loads((folder / FILE).read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            raise UserError(f"the dataset {folder} is damaged: {FILE} holds no figures; {ADVICE}") from None


def check(source: Source, data: Trajectories, backend: str) -> WarmstartCheck:
    """Look for a hidden state in the first of `data`, the trajectories of `source`, and warn of one.

    It is one of C MuJoCo, which is the judge: data of another backend are simulated by it again.

    A restarted step begins with the warm start of a new simulation, zero, and has the solver's own from one physics
    step to the next; `mjDSBL_WARMSTART` would take it from those too, where nothing is hidden from a control step.
    """
    source = replace(source, env=replace(source.env, observe=("all",)))  # data hold whole states
    env, n = source.env, min(len(data), TRAJECTORIES)
    if backend == "native":
        data = Trajectories(data.states[:n], data.actions[:n])
    else:
        data, _ = source.trajectories(0, n, "native")
    scale = metrics.state_std(env.space, data.states)
    gap = _gap(env, data, scale)
    found = WarmstartCheck(float(np.sqrt(np.mean(gap**2))), float(gap.max()))
    if found.negligible:
        return found
    log.info("a step of %s depends on more than its state: looking for what that costs and what cures it", env.name)
    drawn = source.draw(0, n)
    cure = next((option for option in CURES if _closes(_with(env, option), drawn, scale)), None)
    source = replace(source, steps=min(LONG, FURTHER * source.steps, steps_of(EvalConfig.seconds, env.dt)))
    found = replace(
        found,
        tested_s=source.steps * env.dt,
        valid_time_s=_valid_time(env, source, n, scale),
        cure=cure,
        cured_valid_time_s=_valid_time(_with(env, cure), source, n, scale) if cure else None,
    )
    log.warning("%s", _said(found, env.name))
    return found


def _said(found: WarmstartCheck, name: str) -> str:
    cure = "; no option of its constraint solver was found to cure that"
    if found.cure:
        cure = f", and for {found.cured_valid_time_s:.1f} s with {found.cure} in its MJCF: its solver is cut short"
    return (
        f"a step of {name} depends on more than (qpos, qvel): restarted from them, it differs by up to "
        f"{found.gap_max:.2g} standard deviations ({found.gap_rms:.2g} root mean square). The simulator itself, "
        f"restarted at every step as a model is, stays true (VPT(0.1)) for {found.valid_time_s:.1f} s of "
        f"{found.tested_s:g} s{cure}"
    )


def _gap(env: Env, data: Trajectories, scale: np.ndarray) -> np.ndarray:
    """How far a restart from a state takes the next one from where it was, in units of `scale`, one of many states."""
    every = slice(None, None, max(1, data.num_transitions // RESTARTS))
    before, after, actions = data.states[:, :-1][:, every], data.states[:, 1:][:, every], data.actions[:, every]
    n, steps, width = actions.shape
    restarted = simulate(env, before.reshape(n * steps, -1), actions.reshape(n * steps, 1, width), "native")[:, 1]
    return metrics.normalized_error(env.space, after, restarted.reshape(n, steps, -1), scale)


def _closes(env: Env, drawn: tuple[np.ndarray, np.ndarray], scale: np.ndarray) -> bool:
    """Whether the robot has no gap on trajectories from drawn states under drawn actions, but for those it loses."""
    states, actions = drawn
    paths = simulate(env, states, actions, "native")
    kept = ~diverged(paths)
    return bool(kept.any() and _gap(env, Trajectories(paths[kept], actions[kept]), scale).max() < NEGLIGIBLE)


def _with(env: Env, option: str) -> Env:
    """The robot with an option in its MJCF."""
    before, end, after = env.mjcf.rpartition("</mujoco>")
    return replace(env, mjcf=before + option + end + after)


def _valid_time(env: Env, source: Source, n: int, scale: np.ndarray) -> float:
    """VPT(0.1) of the simulator restarted at every step, s; a trajectory is over where the simulator loses it."""
    states, actions = source.draw(0, n)
    truth, restarted = simulate(env, states, actions, "native"), simulate_rounded(env, states, actions)
    error = metrics.normalized_error(env.space, truth, restarted, scale)
    return metrics.valid_time(error, metrics.THRESHOLDS[0], env.dt).median
