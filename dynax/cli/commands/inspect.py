"""`dynax inspect`: show coverage, excitation, sampling and noise of a dataset."""

from pathlib import Path

from omegaconf import DictConfig

from dynax.cli import console
from dynax.cli.directories import run_directory
from dynax.data.dataset import Dataset
from dynax.envs import DataEnv, Env
from dynax.envs.recorded import is_recorded_mjcf
from dynax.logs import inspection_plot
from dynax.logs.inspection import Inspection, Row, inspect
from dynax.runs.summary import write_summary


def run(cfg: DictConfig) -> Path:
    """Inspect the dataset `cfg.dataset` and return the directory of the table and the plots."""
    dataset = Dataset.open(cfg.dataset)
    found = inspect(dataset, *_names(dataset))
    _print(found)
    path = run_directory()
    inspection_plot.page(path / "inspection.png", found)
    write_summary(path, "inspect", found.summary())
    return path


def _names(dataset: Dataset) -> tuple[list[str], list[str]]:
    """Return names and units of the coordinates of a state. Quaternions have four positions without a unit."""
    manifest = dataset.manifest
    env_class = DataEnv if is_recorded_mjcf(manifest["mjcf"]) else Env
    nq, nv, na = manifest["nq"], manifest["nv"], manifest["na"]
    if nq == nv and not manifest["assets_sha256"]:
        space = env_class(mjcf=manifest["mjcf"]).space
        return list(space.labels), list(space.units)
    return [*(f"qpos {i}" for i in range(nq)), *(f"qvel {i}" for i in range(nv)), *(f"act {i}" for i in range(na))], [
        ""
    ] * (nq + nv + na)


def _print(found: Inspection) -> None:
    manifest = found.dataset.manifest
    columns = ["", "1%", "median", "99%", "std", "noise", "outliers", "95% below"]
    seconds = sum(len(path.actions) for path in found.paths) * found.dataset.dt
    caption = (
        f"{len(found.paths)} trajectories, {seconds:.4g} s, sampled every {found.dataset.dt:g} s. Noise: standard "
        "deviation of the measured values.\n95% below: frequency below which 95% of the energy lies."
    )
    console.table(f"Dataset of {manifest['robot']}", columns, [_cells(row) for row in found.rows], caption)
    pairs = zip(found.labels, found.correlation, strict=True)
    correlation = [[label, *(f"{x:+.2f}" for x in row)] for label, row in pairs]
    console.table("Correlation of acceleration and action", ["", *found.action_names], correlation)


def _cells(row: Row) -> list[str]:
    label = f"{row.label} [{row.unit}]" if row.unit else row.label
    numbers = [f"{x:.3g}" for x in (row.low, row.median, row.high, row.std, row.noise)]
    return [label, *numbers, str(row.outliers), f"{row.frequency:.3g} Hz"]
