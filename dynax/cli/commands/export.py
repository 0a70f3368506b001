"""`dynax export`: write a trained model as files that other programs run."""

import time
from pathlib import Path

from omegaconf import DictConfig

from dynax.cli import console
from dynax.cli.directories import run_directory
from dynax.config.options import section
from dynax.config.schema import ExportConfig
from dynax.errors import check_choice, config_section
from dynax.export import FORMATS, export
from dynax.runs.disk import check_room
from dynax.runs.files import write_bytes
from dynax.runs.summary import write_summary
from dynax.trained import load


def run(cfg: DictConfig) -> Path:
    """Export the training run `cfg.run` and return the directory of the files."""
    config = section(ExportConfig, cfg.export, "export")
    check_choice("format", cfg.format, FORMATS)
    trained = load(cfg.run)
    start = time.monotonic()
    with config_section("export"):
        files = export(trained, cfg.format, config)
    path = run_directory()
    check_room(path, sum(map(len, files.values())))
    for name, content in files.items():
        write_bytes(path / name, content)
    console.facts(f"Export of {trained.env.name}", [(name, f"{len(text):,} bytes") for name, text in files.items()])
    content = {
        "env": trained.env.name,
        "model": trained.model.architecture,
        "trained_run": str(Path(cfg.run).expanduser().absolute()),
        "format": cfg.format,
        "steps": config.steps,
        "batch": config.batch,
        "size_bytes": sum(map(len, files.values())),
        "wall_time_s": time.monotonic() - start,
    }
    write_summary(path, "export", content)
    return path
