"""The speed of predictions, next to that of the simulator on the same machine."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from dynax.config.cores import usable_cores
from dynax.data.simulate import simulate
from dynax.envs.env import Env
from dynax.evaluation.testset import TestSet


@dataclass(frozen=True)
class Speed:
    """Simulated seconds per second of wall time, summed over trajectories that are predicted at the same time."""

    model: float
    mujoco: float  # C MuJoCo in float64, one thread per core
    trajectories: int  # predicted at the same time
    cores: int  # that the process may use

    @classmethod
    def of(cls, env: Env, test: TestSet, size: int, predict: Callable[[], object]) -> "Speed":
        """Measure the speed of the simulator and of the model.

        Args:
            env: the robot.
            test: trajectories to simulate.
            size: trajectories that `predict` predicts, each as long as those of `test`.
            predict: a compiled prediction, which waits for its result.
        """
        duration = test.steps * env.dt
        simulation = _seconds(lambda: simulate(env, test.truth[:, 0], test.actions, "native"))
        return cls(size * duration / _seconds(predict), len(test) * duration / simulation, size, usable_cores())

    def sentence(self) -> str:
        """Return a sentence for a table."""
        return (
            f"Speed: {self.model:,.0f} simulated seconds per second, C MuJoCo {self.mujoco:,.0f} "
            f"({self.trajectories} trajectories at once, {self.cores} core{'s' * (self.cores > 1)})."
        )


def _seconds(task: Callable[[], object]) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start
