"""The plot of a ranking."""

from pathlib import Path

from PIL import Image

from dynax.evaluation.comparison_plot import ranking
from dynax.runs.comparison import Entry


def test_a_ranking_of_one_run_and_of_many_runs_is_plotted(tmp_path):
    entries = [Entry(Path("run"), {"model": "mlp"}, 1.0 / (i + 1), 0.1, 60.0 * i, 100) for i in range(30)]
    for count in (1, 30):
        ranking(tmp_path / "ranking.png", entries[:count], "Runs of dynax train")
        with Image.open(tmp_path / "ranking.png") as image:
            assert image.width > 1000
