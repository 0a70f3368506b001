"""Frames of curves: measured and predicted positions over time, for machines without a geometry."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dynax.evaluation.plot_style import COLORS, GRAY, STYLE, TRUTH

HEIGHT = 4.8  # of a figure, inches; text and lines scale with the height of a frame
MAX_ROWS = 6  # plotted positions


def curve_frames(
    labels: Sequence[str],
    truth: Float[np.ndarray, "steps nv"],
    predicted: Float[np.ndarray, "steps nv"],
    dt: float,
    *,
    fps: int,
    speed: float,
    size: tuple[int, int],
    title: str,
) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
    """Yield the frames of a clip in which the curves grow with time.

    Args:
        labels: name and unit of each position.
        truth: measured positions; the first row is the initial state.
        predicted: predicted positions.
        dt: time between two rows, s.
        fps: frames per second.
        speed: seconds of motion per second of the clip.
        size: width and height of a frame, pixels.
        title: title of the clip.
    """
    time = dt * np.arange(len(truth))
    rows = min(len(labels), MAX_ROWS)
    with rc_context({**STYLE, "font.size": 8}):
        dpi = size[1] / HEIGHT
        inches = (size[0] + 0.01) / dpi, (size[1] + 0.01) / dpi  # not a pixel less by rounding
        figure = Figure(figsize=inches, dpi=dpi, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        grid = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
        lines = []
        for axes, label, measured in zip(grid, labels[:rows], truth.T[:rows], strict=True):
            margin = 0.3 * max(float(np.ptp(measured)), 1e-9)
            axes.set(xlim=(0, time[-1]), ylim=(measured.min() - margin, measured.max() + margin), ylabel=label)
            past = axes.plot([], [], color=TRUTH, lw=2.5, alpha=0.45, label="measured")[0]
            future = axes.plot([], [], color=COLORS["model"], lw=1.2, label="predicted")[0]
            lines.append((past, future, axes.axvline(0, color=GRAY, lw=0.6, ls=":")))
        grid[0].legend(loc="upper right", ncols=2)
        grid[-1].set_xlabel("time [s]")
        figure.suptitle(title)
        for count in range(int(np.floor(time[-1] / speed * fps)) + 1):
            now = count * speed / fps
            last = int(np.searchsorted(time, now + 1e-9 * dt, side="right"))
            for k, (past, future, cursor) in enumerate(lines):
                past.set_data(time[:last], truth[:last, k])
                future.set_data(time[:last], predicted[:last, k])
                cursor.set_xdata([now, now])
            canvas.draw()
            yield np.asarray(canvas.buffer_rgba())[..., :3].copy()
