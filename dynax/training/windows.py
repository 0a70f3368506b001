"""Windows: consecutive transitions of one trajectory, identified by the transition that a window ends at."""

import numpy as np
from jaxtyping import Int

from dynax.errors import UserError


def window_ends(num_trajectories: int, steps: int, history: int, horizon: int = 1) -> Int[np.ndarray, " W"]:
    """Return the transitions at which a window of `history` ends and a prediction of `horizon` steps begins.

    Args:
        num_trajectories, steps: size of the data. Transitions are numbered through all trajectories.
        history: states of a window.
        horizon: predicted steps, which must lie in the same trajectory.

    Raises:
        UserError: if the trajectories are too short.
    """
    check_length(steps, history, horizon)
    transitions = np.arange(num_trajectories * steps, dtype=np.int32).reshape(num_trajectories, steps)
    return transitions[:, history - 1 : steps - horizon + 1].ravel()


def check_length(steps: int, history: int, horizon: int = 1) -> None:
    """Raise `UserError` unless a trajectory of `steps` contains a window of `history` and `horizon` predicted steps."""
    if steps >= history + horizon - 1:
        return
    if horizon > 1:
        raise UserError(
            f"a prediction of {horizon} steps with a history of {history} is too long for trajectories of {steps} "
            "steps: decrease unroll_horizons or finetune_horizons"
        )
    raise UserError(f"history={history} is too long for trajectories of {steps} steps", "history")
