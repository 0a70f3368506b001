"""`dynax import`: turn a log of a real machine into a dataset."""

import logging
import time
from pathlib import Path

from omegaconf import DictConfig

from dynax.cli import console
from dynax.cli.directories import DATASETS, run_directory
from dynax.errors import UserError
from dynax.logs import draft, formats
from dynax.logs.importing import Imported, import_log
from dynax.logs.mapping import read_mapping
from dynax.runs.files import write_text
from dynax.runs.summary import write_summary

log = logging.getLogger(__name__)


def run(cfg: DictConfig) -> Path:
    """Import the log `cfg.source` and return the directory of the dataset, or write and return a drafted mapping."""
    source, start = Path(str(cfg.source)).expanduser(), time.monotonic()
    if cfg.draft is not None:
        return _write_draft(source, Path(str(cfg.draft)).expanduser())
    if cfg.mapping is None:
        mapping, folder = draft.draft(formats.read(source)), Path()
        log.info("without mapping=, this draft is used: qpos %s, qvel %s, action %s, time %s", list(mapping.qpos),
                 list(mapping.qvel), list(mapping.action), mapping.time)  # fmt: skip
    else:
        path = Path(str(cfg.mapping)).expanduser()
        mapping, folder = read_mapping(path), path.parent
    imported = import_log(source, mapping, DATASETS, folder)
    _print(imported)
    _summarize(imported, source, time.monotonic() - start)
    return imported.dataset.path


def _write_draft(source: Path, path: Path) -> Path:
    """Write a drafted mapping to `path`, which must not exist."""
    if path.exists():
        raise UserError(f"draft={path} exists: choose another path, or delete it")
    if not path.absolute().parent.is_dir():
        raise UserError(f"draft={path}: the directory {path.absolute().parent} does not exist")
    read = formats.read(source)
    write_text(path.absolute(), draft.text(read, draft.draft(read)))
    log.info("check the mapping, then run: dynax import source=%s mapping=%s", source, path)
    write_summary(run_directory(), "import", {"source": str(source.absolute()), "draft": str(path.absolute())})
    return path.absolute()


def _print(imported: Imported) -> None:
    title = f"Log of {imported.dataset.manifest['robot']}"
    console.table(title, ["", "where", "what"], imported.report.rows(), right=False)


def _summarize(imported: Imported, source: Path, seconds: float) -> None:
    dataset = imported.dataset
    manifest, test = dataset.manifest, dataset.kept_for_testing()
    content = {
        "env": manifest["robot"],
        "source": str(source.absolute()),
        "source_sha256": manifest["log"]["source_sha256"],
        "dataset": str(dataset.path),
        "dataset_sha256": dataset.sha256,
        "transitions": dataset.num_transitions,
        "test_transitions": test.num_transitions,
        "dt_s": manifest["dt"],
        "delay_s": manifest["log"]["delay_s"],
        "noise_std": manifest["log"]["noise_std"],
        "findings": imported.report.as_list(),
        "wall_time_s": seconds,
    }
    write_summary(run_directory(), "import", content)
