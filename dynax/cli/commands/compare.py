"""`dynax compare`: rank the runs of a sweep."""

import csv
import logging
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from dynax.cli import console
from dynax.cli.directories import run_directory
from dynax.errors import UserError, check_whole
from dynax.evaluation import comparison_plot
from dynax.evaluation.metrics import HORIZONS
from dynax.runs.comparison import NUMBERS, Comparison
from dynax.runs.files import replacing
from dynax.runs.summary import write_summary

log = logging.getLogger(__name__)


def run(cfg: DictConfig) -> Path:
    """Rank the runs in the folder `cfg.sweep` and return the directory of the table and the plot."""
    check_whole("horizon", cfg.horizon, 1, max(HORIZONS))
    if cfg.horizon not in HORIZONS:  # has no effect on trainings, but is probably a mistake
        horizons = ", ".join(map(str, HORIZONS))
        raise UserError(f"horizon={cfg.horizon}: evaluations have the errors after {horizons} steps; choose one")
    found, path = Comparison.of(Path(cfg.sweep).expanduser().absolute(), cfg.horizon), run_directory()
    if found.unfinished:
        log.warning("%d runs are not finished and are left out", found.unfinished)
    rows = list(found.rows())
    _print(found, rows)
    with replacing(path / "ranking.csv") as draft, draft.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    comparison_plot.ranking(
        path / "ranking.png", found.entries, f"Runs of dynax {found.command}: accuracy and training time"
    )
    content = {"sweep": str(cfg.sweep), "compared": found.command, "horizon": found.horizon, "runs": rows}
    write_summary(path, "compare", {**content, "unfinished": found.unfinished})
    return path


def _print(found: Comparison, rows: list[dict[str, Any]]) -> None:
    options = [key for key in rows[0] if key not in ("rank", "run", *NUMBERS)]
    columns = ["", *options, "VPT(0.1)", found.error_name, "training time", "parameters"]
    cells = [
        [
            str(row["rank"]),
            *(str(row[key]) for key in options),
            f"{row['vpt_s']:.2f} s",
            f"{row['nrmse']:.3g}",
            console.duration(row["training_time_s"]),
            f"{row['parameters']:,}",
        ]
        for row in rows
    ]
    kind = "test" if found.command == "eval" else "validation"
    caption = f"VPT(0.1) on {kind} trajectories. The columns on the left are the options in which the trainings differ."
    console.table(f"{len(rows)} runs of dynax {found.command}", columns, cells, caption)
