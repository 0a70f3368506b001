"""Local polynomials: velocities from positions, and the noise of a channel.

The smoother is that of Savitzky and Golay (1964, Analytical Chemistry 36). At each sample, a cubic polynomial is fitted
to a window of samples around it. Its value or its slope is the result. It delays nothing.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import signal

NAME = "Savitzky-Golay, cubic"
ORDER = 3
WINDOWS = (5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129)  # samples; the candidates
NOISE_WINDOW = 7  # samples; short, so that the motion itself is no noise


@dataclass(frozen=True)
class Smoother:
    """A Savitzky-Golay filter for one sampling interval."""

    window: int  # samples, an odd number
    dt: float  # s

    @property
    def bandwidth(self) -> float:
        """Frequency at which the smoothed position has lost 3 dB, Hz."""
        frequency, response = signal.freqz(_weights(self.window, 0), fs=1 / self.dt, worN=8192)
        below = np.abs(response) < np.sqrt(0.5)
        return float(frequency[below.argmax()]) if below.any() else 0.5 / self.dt

    def velocity(self, position: Float[np.ndarray, " t"]) -> Float[np.ndarray, " t"]:
        """Return the velocity of positions on a regular grid."""
        window = _fitting(self.window, len(position))
        order = min(ORDER, window - 1)
        return np.asarray(signal.savgol_filter(position, window, order, deriv=1, delta=self.dt, mode="interp"))


def choose(positions: list[Float[np.ndarray, " t"]], dt: float) -> Smoother:
    """Return the smoother with the lowest generalized cross-validation error (Golub, Heath and Wahba 1979).

    Args:
        positions: position of one joint in each segment.
        dt: sampling interval, s.
    """
    longest = max(map(len, positions))
    candidates = [window for window in WINDOWS if window <= longest // 2] or [WINDOWS[0]]
    return Smoother(min(candidates, key=lambda window: _validation_error(positions, window)), dt)


def with_bandwidth(hertz: float, dt: float) -> Smoother:
    """Return the smoother whose bandwidth is closest to `hertz`."""
    candidates = [Smoother(window, dt) for window in range(5, 1001, 2)]
    return min(candidates, key=lambda smoother: abs(smoother.bandwidth - hertz))


def noise_std(values: Float[np.ndarray, " t"]) -> float:
    """Return the standard deviation of the noise of a channel, from its distances to short local polynomials.

    The median makes it robust against outliers. The quantization of the channel is part of the noise.
    """
    if len(values) < NOISE_WINDOW:
        return 0.0
    residual = values - signal.savgol_filter(values, NOISE_WINDOW, ORDER)
    share = 1 - _weights(NOISE_WINDOW, 0)[NOISE_WINDOW // 2]  # variance of the noise that the fit leaves
    robust = 1.4826 * float(np.median(np.abs(residual)))
    plain = float(residual.std())
    return (robust if robust > 0 else plain) / np.sqrt(share)


def _validation_error(positions: list[np.ndarray], window: int) -> float:
    leverage = _weights(window, 0)[window // 2]
    parts = [p for p in positions if len(p) >= window]
    squares = [np.mean((p - signal.savgol_filter(p, window, ORDER)) ** 2) for p in parts]
    return float(np.mean(squares)) / (1 - leverage) ** 2 if squares else float("inf")


def _weights(window: int, derivative: int) -> np.ndarray:
    return signal.savgol_coeffs(window, ORDER, deriv=derivative)


def _fitting(window: int, length: int) -> int:
    """Return the largest odd window up to `window` in a segment of `length` samples."""
    return min(window, length - (length + 1) % 2)
