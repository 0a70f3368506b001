"""`dynax train`: fit a model to a dataset, which is collected first where there is none."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT
from typing import Any

import jax
from filelock import FileLock, Timeout
from omegaconf import DictConfig, OmegaConf

from dynax import architectures, envs, excitations
from dynax.architectures.rigid import RigidDynamicsModel
from dynax.base import BaseDynamicsModel, Variables
from dynax.cli import console, resume
from dynax.cli.directories import DATASETS, run_directory
from dynax.cli.resume import Past
from dynax.cli.signals import Stopped, defer_signals
from dynax.config.options import section
from dynax.config.schema import CollectConfig, TrainingRunConfig
from dynax.data import collection
from dynax.data.dataset import Dataset
from dynax.data.trajectories import Trajectories, train_size
from dynax.errors import RunError, UserError
from dynax.evaluation import plots, warmstart
from dynax.identification import least_squares
from dynax.mechanics.constraints import MAX_CONTACTS, contact_overflow
from dynax.runs import checkpoint
from dynax.runs.files import write_json
from dynax.runs.history import History
from dynax.runs.summary import write_summary
from dynax.trained import load, load_state
from dynax.training.fitting import Epoch, fit, start
from dynax.training.stages import Stage
from dynax.training.training_set import check_length

log = logging.getLogger(__name__)

LOOKED_AT = 1_000  # states

Fit = Iterator[tuple[Stage, Iterator[Epoch]]]


@dataclass(frozen=True)
class Job:
    """A training and the directory it happens in."""

    path: Path
    config: Mapping[str, Any]  # the whole resolved config
    training: TrainingRunConfig
    model: BaseDynamicsModel
    dataset: Dataset


def run(cfg: DictConfig) -> Path:
    """Train as `cfg` says, or continue the run it names, and return the run's directory."""
    path, begun = run_directory(), time.monotonic()
    with _alone(path):
        past = resume.past_of(path, cfg) if cfg.training.resume is not None else None
        if past and past.is_finished():
            log.info("%s is finished; training.num_epochs=<more> would continue it", path)
            return path
        job = _assemble(path, past.config if past else OmegaConf.to_container(cfg, resolve=True), past)
        train, val = (part.read() for part in job.dataset.split(job.training.val_fraction))
        _warn_of_crowds(job.model, train)
        state, normalization = start(job.model, train, job.training, jax.random.PRNGKey(job.training.seed))
        if past:
            state, normalization, _ = load_state(path, job.model, state)
            log.info("continuing %s after epoch %d", path, int(state.epoch))
        history = History(path / "metrics.jsonl", int(state.epoch))
        (path / "summary.json").unlink(missing_ok=True)  # a run that goes on is not finished
        trained = fit(job.model, train, val, normalization, job.training, state)
        _follow(job, trained, normalization, history, train.num_transitions)
        with _resumable(path):
            if isinstance(job.model, RigidDynamicsModel):
                found = least_squares.identify(job.model, train, job.training.seed)
                write_json(path / "identified.json", found.table())
            _finish(job, history, begun)
    return path


def _assemble(path: Path, config: Any, past: Past | None) -> Job:
    """Everything a training needs; what is wrong with the config is said before any data are collected."""
    settings = section(TrainingRunConfig, config["training"], "training")
    env = envs.make(config["env"], mjcf=past.mjcf, assets=past.assets) if past else envs.make(config["env"])
    model = architectures.make(env, config["model"])
    for remark in model.notes:
        log.info("%s", remark)
    dataset = _dataset(config, model, settings, past)
    dataset.check_robot(env)
    check_length(dataset.manifest["rollout_length"], model.history, settings.horizon)
    if past:
        past.check_dataset(dataset)
    return Job(path, config, settings, model, dataset)


def _warn_of_crowds(model: BaseDynamicsModel, data: Trajectories) -> None:
    """Say so where more bodies touch at once than the constraint layer follows."""
    if model.layer is None or model.layer.contacts is None:
        return
    states = data.states.reshape(-1, model.state_dim)
    share = contact_overflow(model.env.mj_model, model.env.space.qpos(states[:: max(1, len(states) // LOOKED_AT)]))
    if share:
        log.warning("in %.1f%% of the states more than %d contacts of one condim act: the layer omits the farthest",
                    100 * share, MAX_CONTACTS)  # fmt: skip


def _dataset(
    config: Mapping[str, Any], model: BaseDynamicsModel, settings: TrainingRunConfig, past: Past | None
) -> Dataset:
    """The data of a run that is continued, wherever the user stands; those the config names; or those it describes."""
    if past and past.dataset.is_dir():
        return Dataset.open(past.dataset)
    if config["dataset"] is not None:
        return Dataset.open(config["dataset"])
    wanted, excitation = section(CollectConfig, config["collect"], "collect"), excitations.make(config["excitation"])
    train_size(wanted.num_rollouts, settings.val_fraction)  # raises where there are too few to split
    check_length(wanted.rollout_length, model.history, settings.horizon)
    total = wanted.num_rollouts * wanted.rollout_length
    with console.progress(f"collect {model.env.name}", total, "transitions") as update:
        return collection.collect(
            model.env, excitation, wanted, DATASETS, lambda done, total: update(done), warmstart.check
        )


def _follow(job: Job, trained: Fit, normalization: Variables, history: History, transitions: int) -> None:
    """Show, record and save each epoch as it comes. A signal stops the run after the epoch it arrives in."""
    every, total, last, saved = job.training.checkpoint_every, job.training.total_epochs, None, 0
    begun = time.monotonic()

    def stopped(signal: int, epoch: int) -> Stopped:
        return Stopped(signal, f"stopped after epoch {epoch}; dynax train training.resume={job.path} continues")

    with defer_signals() as request, _kept(job):
        for stage, epochs in trained:
            title = f"train {job.model.title}" + (f", {stage.name}" if (stage.first, stage.last) != (1, total) else "")
            begins = "compiling, and the first epoch"
            with console.progress(title, stage.last, "epochs", len(history.rows), begins) as update:
                for last in epochs:
                    seconds, begun = time.monotonic() - begun, time.monotonic()
                    history.append(_row(last, seconds))
                    update(last.number, _note(last, transitions / seconds))
                    if request.number or last.number in (1, total) or last.number % every == 0:
                        saved = _save(job, last, normalization)
                    if request.number:
                        raise stopped(request.number, last.number)
        if last and saved < last.number:
            _save(job, last, normalization)
            if request.number:
                raise stopped(request.number, last.number)


def _save(job: Job, epoch: Epoch, normalization: Variables) -> int:
    info = {
        "config": job.config,
        "dataset": str(job.dataset.path),
        "dataset_sha256": job.dataset.manifest["sha256"],
        "epoch": epoch.number,
        "best_epoch": int(epoch.state.best_epoch),
        "best_val_nrmse": float(epoch.state.best_error),
    }
    trees = {"model": {"params": epoch.state.best, "normalization": dict(normalization)}, "training": epoch.state}
    checkpoint.save(job.path, epoch.number, trees, job.model.env.mjcf, job.model.env.assets, info)
    return epoch.number


@contextmanager
def _kept(job: Job) -> Iterator[None]:
    """Add to a failure what is left of the run."""
    try:
        yield
    except RunError as error:
        kept = checkpoint.found(job.path)
        raise RunError(f"{error}\nthe last good checkpoint is {kept[-1]}" if kept else str(error)) from None


@contextmanager
def _resumable(path: Path) -> Iterator[None]:
    """Where a run is stopped that is trained and not yet written down, say how that is made good."""
    try:
        yield
    except (KeyboardInterrupt, Stopped) as error:
        number = error.number if isinstance(error, Stopped) else SIGINT
        raise Stopped(number, f"trained, but not summed up; dynax train training.resume={path} does that") from None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the run, so that no other process continues it at the same time."""
    try:
        hold = FileLock(path / ".lock").acquire(timeout=0)
    except Timeout:
        raise UserError(f"training.resume={path} is being trained by another process") from None
    with hold:
        yield


def _row(epoch: Epoch, seconds: float) -> dict[str, Any]:
    return {
        "epoch": epoch.number,
        "loss": epoch.loss,
        "val_nrmse": epoch.val_nrmse,
        "val_valid_time_s": epoch.val_valid_time,
        "time_s": round(seconds, 3),
    }


def _note(epoch: Epoch, rate: float) -> str:
    return (
        f"loss {epoch.loss:.1e}, val nRMSE {epoch.val_nrmse:.2g}, VPT(0.1) {epoch.val_valid_time:.2f} s, "
        f"{rate / 1e3:,.0f}k steps/s"
    )


def _finish(job: Job, history: History, begun: float) -> None:
    plots.loss_curve(job.path / "loss.png", history.rows, job.model.title)
    trained = load(job.path)
    best = next(row for row in history.rows if row["epoch"] == trained.info["best_epoch"])
    parameters = sum(x.size for x in jax.tree.leaves(trained.variables["params"]))
    seconds = sum(row["time_s"] for row in history.rows)
    console.facts(
        f"Trained: {job.model.title}",
        [
            ("given", "; ".join(job.model.given) or "nothing"),
            ("parameters", f"{parameters:,}"),
            ("transitions", f"{job.dataset.num_transitions:,}, {job.training.val_fraction:.0%} of them for validation"),
            ("epochs", f"{len(history.rows)} in {console.duration(seconds)}; best: {best['epoch']}"),
            ("one-step loss", f"{best['loss']:.2e} of the variance"),
            (
                "validation nRMSE",
                f"{best['val_nrmse']:.3g}, open loop, geometric mean over "
                f"{job.dataset.manifest['rollout_length']} steps",
            ),
            ("validation VPT(0.1)", f"{best['val_valid_time_s']:.2f} s"),
        ],
    )
    log.info("how far it can be trusted: dynax eval run=%s", job.path)
    write_summary(
        job.path,
        "train",
        {
            "env": job.model.env.name,
            "model": job.config["model"]["architecture"],
            "dataset": str(job.dataset.path),
            "dataset_sha256": job.dataset.manifest["sha256"],
            "backend": job.dataset.manifest["backend"],
            "training_seed": job.training.seed,
            "given": list(job.model.given),
            "parameters": parameters,
            "transitions": job.dataset.num_transitions,
            "epochs": len(history.rows),
            "best_epoch": best["epoch"],
            "best_loss": best["loss"],
            "best_val_nrmse": best["val_nrmse"],
            "best_val_valid_time_s": best["val_valid_time_s"],
            "training_time_s": seconds,
            "wall_time_s": time.monotonic() - begun,
        },
    )
