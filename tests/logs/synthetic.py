"""Logs of a simulated drive: a mass with friction, `a = 4 u - 0.5 v - sin(q)`, that is driven by a smooth force."""

from pathlib import Path

import numpy as np

DT = 0.01  # s


def motion(n: int, seed: int = 0, delay: float = 0.0, dt: float = DT):
    """Return time, position, velocity and action of n samples. An action holds until the next sample.

    Args:
        n: number of samples.
        seed: seed of the action.
        delay: time between an action and its effect, sampling intervals.
        dt: sampling interval, s.
    """
    fine, rng = 20, np.random.default_rng(seed)
    action = np.convolve(rng.normal(size=n + 30), np.ones(3) / 3, mode="same")[:n]
    late = np.repeat(action, fine)
    shift = round(delay * fine)
    late = np.concatenate([np.full(shift, action[0]), late])[: n * fine]
    q, v = np.zeros(n), np.zeros(n)
    position = velocity = 0.0
    for i in range(n * fine):
        if i % fine == 0:
            q[i // fine], v[i // fine] = position, velocity
        velocity += dt / fine * (4 * late[i] - 0.5 * velocity - np.sin(position))
        position += dt / fine * velocity
    return dt * np.arange(n), q, v, action


def write_csv(path: Path, columns: dict[str, np.ndarray], digits: int = 9) -> Path:
    """Write columns as a CSV file. NaN becomes an empty cell."""
    rows = zip(*columns.values(), strict=True)
    lines = [",".join("" if np.isnan(x) else f"{x:.{digits}g}" for x in row) for row in rows]
    path.write_text("\n".join([",".join(columns), *lines]) + "\n")
    return path


def drive_csv(path: Path, n: int = 400, seed: int = 0, **changes: np.ndarray) -> Path:
    """Write a log of the drive, with some columns replaced."""
    time, q, v, action = motion(n, seed)
    columns = {"time_s": time, "pos_rad": q, "vel_rad_s": v, "force_N": action}
    return write_csv(path, {**columns, **changes})


MAPPING = "time: time_s\nqpos: [pos_rad]\nqvel: [vel_rad_s]\naction: [force_N]\n"
