"""Small runs and datasets of a pendulum, written by the functions that the commands use, and a reader of everything."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
import numpy as np

from dynax import architectures
from dynax.config.schema import CollectConfig
from dynax.data import arrays, simulate
from dynax.data.collection import collect
from dynax.data.dataset import Dataset
from dynax.envs import PendulumEnv
from dynax.errors import UserError
from dynax.evaluation import warmstart
from dynax.evaluation.warmstart import WarmstartCheck
from dynax.excitations.mixed import Mixed
from dynax.runs import checkpoint, sealed
from dynax.runs.arrays import read_tree
from dynax.runs.history import FILE, History
from dynax.runs.saved_model import config_of, description, model_tree, robot_files
from dynax.runs.summary import read_summary, write_summary
from dynax.trained import TrainedModel, load

EPOCHS = 3
STATE = {"moments": jax.ShapeDtypeStruct((50,), np.float32), "epoch": jax.ShapeDtypeStruct((), np.int32)}


def make(folder: Path, seed: int) -> None:
    """Write a dataset in four chunks and a finished run of a small network into `folder`."""
    env, size = PendulumEnv(), CollectConfig(num_rollouts=40, rollout_length=25, seed=seed, backend="native")
    with small_chunks(rows=10, steps=size.rollout_length):
        dataset = collect(env, Mixed(), size, folder / "datasets", inspect=warmstart.check)
    model = architectures.make(env, {"architecture": "mlp", "hidden_dims": [8], "activation": "tanh"})
    params = model.create(jax.random.PRNGKey(seed), model.identity_normalization())
    save_run(folder / "run", TrainedModel(model, params), dataset, seed)


@contextmanager
def small_chunks(rows: int, steps: int) -> Iterator[None]:
    """Collect pendulums in chunks and batches of a few trajectories within the block."""
    standard = arrays.CHUNK_BYTES, simulate.BUFFER_BYTES["native"]
    arrays.CHUNK_BYTES, simulate.BUFFER_BYTES["native"] = rows * (steps + 1) * 2 * 8, rows * steps * 3 * 8
    try:
        yield
    finally:
        arrays.CHUNK_BYTES, simulate.BUFFER_BYTES["native"] = standard


def save_run(run: Path, trained: TrainedModel, dataset: Dataset, seed: int) -> None:
    """Write a run as `dynax train` does, with a training state of random numbers."""
    run.mkdir(parents=True)
    rng, history = np.random.default_rng(seed), History(run / FILE)
    for epoch in range(1, EPOCHS + 1):
        history.append({"epoch": epoch, "loss": rng.random(), "val_nrmse": rng.random(), "time_s": 1.0})
    info = {
        **description(trained.model, config_of(trained.model)),
        "dataset": str(dataset.path),
        "dataset_sha256": dataset.sha256,
        "best_epoch": EPOCHS,
        "best_val_nrmse": 0.5,
    }
    state = {"moments": rng.random(50, np.float32), "epoch": np.asarray(EPOCHS, np.int32)}
    trees = {"model": model_tree(trained.params), "training": state}
    checkpoint.save(run, EPOCHS, trees, robot_files(trained.env), info)
    write_summary(run, "train", {"best_loss": rng.random(), "dataset_sha256": dataset.sha256})


def read(folder: Path) -> str:
    """Read everything that commands read of a run and its dataset, and return a hash of the meaning.

    Raises:
        UserError: if a file is damaged, or if the dataset is not that of the run.
    """
    run, digest = folder / "run", hashlib.sha256()
    trained = load(run)
    for leaf in jax.tree.leaves(trained.params):
        digest.update(np.asarray(leaf).tobytes())
    info, state = checkpoint.read(run, lambda path: (sealed.read_info(path), read_tree(path / "training", STATE)))
    for leaf in jax.tree.leaves(state):
        digest.update(np.asarray(leaf).tobytes())
    rows, summary = History(run / FILE, info["metrics"]).rows, read_summary(run)
    dataset = Dataset.open(next((folder / "datasets").glob("pendulum-*")))
    dataset.verify()
    data, check = dataset.read(), WarmstartCheck.load(dataset.path)
    meaning = (trained.env.mjcf, info, rows, summary, dataset.manifest, dataset.path.name, check)
    digest.update(repr(meaning).encode() + data.states.tobytes() + data.actions.tobytes())
    if dataset.sha256 != info["dataset_sha256"]:  # as `training.resume` does
        raise UserError("the run was trained on other data")
    return digest.hexdigest()
