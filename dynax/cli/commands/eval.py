"""`dynax eval`: evaluate a trained model against the simulator and its float32 ceiling, or on a log."""

import time
from pathlib import Path

from omegaconf import DictConfig

from dynax.cli import console
from dynax.cli.directories import run_directory
from dynax.cli.log_dataset import test_dataset
from dynax.config.options import section
from dynax.config.schema import EvalConfig
from dynax.errors import config_section
from dynax.evaluation import evaluate, evaluate_log
from dynax.evaluation.sizes import check_testset
from dynax.runs.summary import write_summary
from dynax.trained import load


def run(cfg: DictConfig) -> Path:
    """Evaluate the training run `cfg.run` and return the directory of the results."""
    config = section(EvalConfig, cfg.eval, "eval")
    trained = load(cfg.run)
    start = time.monotonic()
    dataset = test_dataset(cfg, trained)
    if dataset is None:
        check_testset(trained.env, config.num_trajectories, config.seconds, config.warmup, "eval")
    with config_section("eval"):
        evaluation = evaluate_log(trained, dataset, config) if dataset else evaluate(trained, config)
    path = run_directory()
    evaluation.save_plots(path)
    for table in evaluation.tables():
        console.table(table.title, table.columns, table.rows, table.caption)
    content = {
        **evaluation.summary(),
        "trained_run": str(Path(cfg.run).expanduser().absolute()),
        "wall_time_s": time.monotonic() - start,
    }
    write_summary(path, "eval", content)
    return path
