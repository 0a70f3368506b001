"""The warm-start check: whether a control step of a robot depends on more than its state (the Markov property).

MuJoCo's constraint solver starts from the acceleration of the previous step, the warm start. The result of a solver
that converges does not depend on this acceleration. If the solver stops early, the warm start acts as a further part of
the state. This part is missing in (qpos, qvel, act), and no model of these inputs can predict its effect.
"""

import logging
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TypedDict

import numpy as np

from dynax.config.schema import EvalConfig
from dynax.data.closed_loop import ClosedLoopSource
from dynax.data.simulate import simulate
from dynax.data.source import TrajectorySource
from dynax.data.trajectories import Trajectories
from dynax.evaluation import metrics
from dynax.evaluation.restarts import (
    NEGLIGIBLE_ERROR,
    restart_error,
    restart_error_is_negligible,
    restarted_valid_time,
    with_option,
)
from dynax.excitations.excitation import steps_of
from dynax.runs.files import write_json
from dynax.runs.json_files import read_json

log = logging.getLogger(__name__)

FILE = "warmstart.json"
MAX_TRAJECTORIES = 16  # that are checked
MAX_TEST_STEPS = 2500  # control steps of the test that measures valid prediction times
MAX_TEST_RATIO = 10  # length of this test relative to the trajectories of the data
REMEDIES = (  # elements for the MJCF, from the fastest simulation to the slowest
    '<option iterations="20" ls_iterations="20" tolerance="1e-10"/>',
    '<option iterations="100" ls_iterations="50" tolerance="1e-10"/>',
    '<option solver="Newton" iterations="100" ls_iterations="50" tolerance="1e-12"/>',
    '<option><flag warmstart="disable"/></option>',  # the solution is as inaccurate as before, but has no memory
)


class _File(TypedDict):
    """The content of the file, with the fields of `WarmstartCheck`."""

    gap_rms: float
    gap_max: float
    tested_s: float | None
    valid_time_s: float | None
    cure: str | None
    cured_valid_time_s: float | None


@dataclass(frozen=True)
class WarmstartCheck:
    """The result of the warm-start check.

    The fields have the names of the keys of the file. A gap is a restart error: the normalized difference between a
    control step and the same step restarted from (qpos, qvel, act). A cure is a remedy. The valid times are VPT(0.1) of
    the float32 simulator that restarts at every step: the ceiling of `dynax eval`. The fields after the gaps are None
    if the gap is negligible; the last two also if no cure was found.
    """

    gap_rms: float  # root mean square over states, standard deviations
    gap_max: float  # largest gap, standard deviations; it decides, because joint limits and contacts are rarely active
    tested_s: float | None = None  # length of the test of the valid times, s
    valid_time_s: float | None = None  # s
    cure: str | None = None  # element of the MJCF that makes the gap negligible
    cured_valid_time_s: float | None = None  # valid time with the cure, s

    @property
    def negligible(self) -> bool:
        """Whether a control step depends only on the state."""
        return self.gap_max < NEGLIGIBLE_ERROR

    def __str__(self) -> str:
        if self.negligible:
            return f"passed (gap {self.gap_max:.0e})"
        remedy = self.cure or "none found"
        return f"failed: gap up to {self.gap_max:.2g}, VPT(0.1) {self.valid_time_s:.1f} s; cure: {remedy}"

    def save(self, folder: Path) -> None:
        """Write the result into the folder of a dataset."""
        write_json(folder / FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> "WarmstartCheck | None":
        """Read the result from the folder of a dataset.

        Returns:
            The result, or None if the dataset was collected without the check.

        Raises:
            UserError: if the file is damaged.
        """
        if not (folder / FILE).exists():
            return None
        content = read_json(folder / FILE, _File, f"the dataset {folder} is damaged")
        return cls(**{field.name: content[field.name] for field in fields(cls)})


def check(source: TrajectorySource, data: Trajectories, backend: str) -> WarmstartCheck:
    """Check the first trajectories of a source, and log a warning if a step depends on more than the state.

    The check is always about C MuJoCo, because evaluation uses it.

    Args:
        source: the source of the trajectories.
        data: its first trajectories. Data from another backend than `native`, or under a policy, are simulated again.
        backend: the backend that simulated `data`.
    """
    source = replace(source, env=replace(source.env, observe=("all",)))  # states in data are complete
    env, n = source.env, min(len(data), MAX_TRAJECTORIES)
    if isinstance(source, ClosedLoopSource):  # each period began without a warm start
        data = Trajectories(simulate(env, data.states[:n, 0], data.actions[:n], "native"), data.actions[:n])
    elif backend == "native":
        data = Trajectories(data.states[:n], data.actions[:n])
    else:
        data, _ = source.trajectories(0, n, "native")
    std = metrics.state_std(env.space, data.states)
    error = restart_error(env, data, std)
    result = WarmstartCheck(float(np.sqrt(np.mean(error**2))), float(error.max()))
    if result.negligible:
        return result
    log.info("a step of %s depends on the solver's warm start: measuring the effect and searching a cure", env.name)
    result = _with_remedy(result, source, n, std)
    log.warning("%s", _warning(result, env.name))
    return result


def _with_remedy(result: WarmstartCheck, source: TrajectorySource, n: int, std: np.ndarray) -> WarmstartCheck:
    """Add the valid times and the first of `REMEDIES` that makes the restart error negligible."""
    env, draws = source.env, source.draw(0, n)
    sufficient = (x for x in REMEDIES if restart_error_is_negligible(with_option(env, x), *draws, std))
    remedy = next(sufficient, None)
    steps = min(MAX_TEST_STEPS, MAX_TEST_RATIO * source.steps, steps_of(EvalConfig.seconds, env.dt))
    source = replace(source, steps=steps)
    return replace(
        result,
        tested_s=steps * env.dt,
        valid_time_s=restarted_valid_time(env, source, n, std),
        cure=remedy,
        cured_valid_time_s=restarted_valid_time(with_option(env, remedy), source, n, std) if remedy else None,
    )


def _warning(result: WarmstartCheck, name: str) -> str:
    advice = "No option of its constraint solver was found that removes this dependence"
    if result.cure:
        longer = (result.cured_valid_time_s or 0.0) > (result.valid_time_s or 0.0)
        gain = f", which extends this time to {result.cured_valid_time_s:.1f} s" if longer else ""
        advice = f"Its solver stops before it converges: add {result.cure} to its MJCF{gain}"
    return (
        f"a step of {name} depends on more than (qpos, qvel, act): a step that restarts from them differs by up to "
        f"{result.gap_max:.2g} standard deviations ({result.gap_rms:.2g} root mean square). Even the simulator, "
        f"restarted at every step, predicts only {result.valid_time_s:.1f} s of {result.tested_s:g} s (VPT(0.1)). "
        f"{advice}"
    )
