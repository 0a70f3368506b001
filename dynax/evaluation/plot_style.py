"""The style of all plots, and how they are saved."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from dynax.runs.files import replacing

STYLE: dict[Any, Any] = {
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
}
COLORS = {"model": "#d1495b", "ceiling": "#2e4057", "hold last": "#9aa5b1", "constant velocity": "#c9b458"}
TRUTH = "#2e4057"
GRAY = "0.4"  # of thresholds and other reference lines


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure. The file is complete or absent."""
    with replacing(path) as draft:
        figure.savefig(draft)
