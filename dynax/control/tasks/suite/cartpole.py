"""The tasks `cartpole-swingup` and `cartpole-balance`."""

from dataclasses import dataclass

from dynax.control.tasks.balance import Balance
from dynax.control.tasks.swing_up import SwingUp


@dataclass(frozen=True)
class CartpoleSwingup(SwingUp):
    """Swing the pole of `cartpole.xml` up, and hold it upright in the middle of the rail."""


@dataclass(frozen=True)
class CartpoleBalance(Balance):
    """Hold the pole of `cartpole.xml` upright in the middle of the rail."""

    seconds: float = 10.0  # length of an episode, s
    hold: float = 10.0  # length of the end of an episode in which the pole must be upright, s
