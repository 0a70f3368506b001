"""The measurement of one cell: a log of the machine, its import, a training, and errors on trajectories without noise.

All files are kept in one folder. A log, dataset or training that exists there is used again.
"""

import json
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from benchmarks.commands import run_dynax
from benchmarks.sim_to_real.methods import COMMON, METHODS, SIMULATED_SECONDS
from benchmarks.sim_to_real.plant import NONE, Perturbation, Plant, Record
from benchmarks.sim_to_real.robots import ROBOTS
from dynax import load
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv
from dynax.evaluation import metrics
from dynax.evaluation.baselines import hold_last
from dynax.evaluation.testset import TestSet

TEST_SEED, WINDOWS, WINDOW, WARMUP = 1000, 48, 2.0, 24  # test trajectories, their length in s, control steps before
HORIZONS = (0.1, 0.5)  # s, at which errors are reported
THRESHOLD = 0.1  # of the valid prediction time, standard deviations


@dataclass(frozen=True, eq=False)
class Bench:
    """All cells of a robot and a seed.

    Attributes:
        robot: name of the robot.
        seed: seed of the logs and trainings. The machine itself is the same for all seeds.
        work: folder of all files.
    """

    robot: str
    seed: int
    work: Path

    @property
    def machine(self) -> Plant:
        """The true machine."""
        return Plant(ROBOTS[self.robot], Perturbation())

    def folder(self, name: str) -> Path:
        """Return a folder with the nominal MJCF."""
        path = self.work / f"{self.robot}-{self.seed}-{name}"
        path.mkdir(parents=True, exist_ok=True)
        (path / "robot.xml").write_text(ROBOTS[self.robot].spec().to_xml())
        return path

    def cell(self, method: str, seconds: float) -> dict[str, Any]:
        """Return the errors of a method with a log of `seconds`."""
        run, cpu = self.trained(method, seconds)
        facts = {"robot": self.robot, "method": method, "seconds": seconds, "seed": self.seed, "cpu_s": cpu}
        return {**facts, **self.errors(load(run))}

    def untrained(self, method: str) -> dict[str, Any]:
        """Return the errors of a predictor that needs no log."""
        facts = {"robot": self.robot, "method": method, "seconds": None, "seed": self.seed, "cpu_s": None}
        return {**facts, **self.errors(None if method == "nominal" else method)}

    def trained(self, method: str, seconds: float) -> tuple[str, float]:
        """Return the run of a method and the processor time of its training, s."""
        if method == "simulated":
            words, folder = METHODS["scratch"].words(SIMULATED_SECONDS), self.folder("simulated")
            plant, length = Plant(ROBOTS[self.robot], NONE), SIMULATED_SECONDS
        else:
            words, folder = METHODS[method].words(seconds), self.folder(f"{seconds:g}s")
            plant, length = self.machine, seconds
            if start := METHODS[method].start:
                words = [*words, f"{start[0]}={self.trained(start[1], seconds)[0]}"]
        done = folder / f"{method.replace(' ', '_')}.json"
        if not done.exists():
            dataset, before = imported(plant, length, self.seed, folder), _child_seconds()
            name = [*COMMON, f"dataset={dataset}", f"training.seed={self.seed}"]
            [run] = run_dynax(folder, "train", *name, *words)
            done.write_text(json.dumps([run, _child_seconds() - before]))
        run, cpu = json.loads(done.read_text())
        return run, cpu

    def errors(self, predictor: Any) -> dict[str, Any]:
        """Return the errors of a trained model, of the nominal robot (None), or of a baseline (its name)."""
        test, env = self.test(), MjcfEnv(xml=str(self.folder("test") / "robot.xml"))
        if predictor is None:
            path = simulate(env, test.truth[:, 0], test.actions, "native")
        elif isinstance(predictor, str):
            path = hold_last(test.truth)
        else:
            path = np.asarray(predictor.rollout(*test.inputs(predictor.history_length)))
        error = metrics.normalized_error(env.space, test.truth, path, metrics.state_std(env.space, test.truth))
        steps = [round(seconds / env.dt) for seconds in HORIZONS]
        time = metrics.valid_time(error, THRESHOLD, env.dt)
        return {"nrmse": metrics.nrmse(error)[steps].tolist(), "vpt_s": time.median, "vpt_capped": time.is_lower_bound}

    def test(self) -> TestSet:
        """Return trajectories of the machine without noise, of a recording that no training uses."""
        plant = self.machine
        steps = WARMUP + round(WINDOW / plant.dt)
        record = plant.record(WINDOWS * steps * plant.dt, TEST_SEED)
        starts = range(0, WINDOWS * steps, steps)
        states = np.stack([record.states[start : start + steps + 1] for start in starts])
        return TestSet(Trajectories(states, np.stack([record.actions[i : i + steps] for i in starts])), WARMUP)


def imported(plant: Plant, seconds: float, seed: int, folder: Path) -> str:
    """Return the dataset of a log of the plant, which `dynax import` makes.

    Args:
        plant: the plant.
        seconds: length of the log, s.
        seed: seed of the motion and of the noise.
        folder: folder of the log, with `robot.xml`.
    """
    if not (folder / "log.npz").exists():
        record = plant.measured(plant.record(seconds, seed), seed)
        np.savez(folder / "log.npz", allow_pickle=False, **columns(plant, record))
        (folder / "map.yaml").write_text(mapping(plant.joints))
    return run_dynax(folder, "import", "source=log.npz", "mapping=map.yaml")[0]


def columns(plant: Plant, record: Record) -> dict[str, Float[np.ndarray, " t"]]:
    """Return the columns of a log: the time, and the angle, the rate and the command of each joint."""
    angles, rates = np.split(record.states[:-1], 2, axis=1)
    result = {"time_s": np.arange(len(angles)) * plant.dt}
    for i, joint in enumerate(plant.joints):
        result |= {f"{joint}_pos_rad": angles[:, i], f"{joint}_vel_rad_s": rates[:, i]}
        result[f"{joint}_command"] = record.actions[:, i]
    return result


def mapping(joints: list[str]) -> str:
    """Return the mapping of the log of `columns`."""
    keys = {"qpos": "pos_rad", "qvel": "vel_rad_s", "action": "command"}
    lines = [f"{key}: [{', '.join(f'{joint}_{name}' for joint in joints)}]" for key, name in keys.items()]
    return "\n".join(["time: time_s", *lines, "mjcf: robot.xml", ""])


def _child_seconds() -> float:
    """Return the processor time of all ended child processes, s."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
