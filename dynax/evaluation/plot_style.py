"""The style of all plots."""

from typing import Any

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
