"""An estimate of the memory of a test set with its predictions, before anything is allocated."""

from dynax.config.bounds import check_memory
from dynax.data.sizes import trajectory_bytes
from dynax.envs.env import Env
from dynax.excitations.excitation import steps_of

_COPIES = 6  # of the trajectories: truth, four predictors, and one in progress


def check_testset(env: Env, n: int, seconds: float, warmup: int, section: str) -> None:
    """Raise UserError if `n` test trajectories do not fit into memory.

    Args:
        env: the robot.
        n: number of trajectories.
        seconds: length of the test after the warm-up, s.
        warmup: control steps before time zero.
        section: the config section that contains these options.
    """
    steps = warmup + steps_of(seconds, env.dt)
    names = ("num_trajectories", "seconds") if section == "eval" else ("seconds",)
    check_memory(
        f"a test of {n:,} trajectories of {steps:,} control steps",
        _COPIES * n * trajectory_bytes(env, steps),
        f"decrease {' or '.join(f'{section}.{name}' for name in names)}",
    )
