"""A training on disk, complete: what a run needs to continue, and what `load` needs to predict.

    <run>/checkpoints/epoch-00010/
        model/          Orbax: the best parameters and the normalisation
        training/       Orbax: the whole `TrainState`
        run.json        the resolved config, versions, dataset, epoch and its errors
        robot.xml       the MJCF
        assets/         the files it loads
        manifest.json   SHA-256 of every file above

A checkpoint is written aside and renamed into place, so that one that is there is whole. Orbax does not notice a
flipped bit, and reports a cut file at length; the manifest is checked first.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from jax.sharding import SingleDeviceSharding

from dynax import architectures, envs
from dynax.base import BaseDynamicsModel, Variables
from dynax.envs.env import Env
from dynax.errors import UserError
from dynax.files import write_json
from dynax.provenance import provenance
from dynax.training.epochs import TrainState

FORMAT = 1

T = TypeVar("T")


@dataclass(frozen=True)
class TrainedModel:
    """What a training run made, ready to predict."""

    model: BaseDynamicsModel
    variables: Variables
    config: Mapping[str, Any]  # the run's whole resolved config
    info: Mapping[str, Any]  # dataset, epoch, errors and versions, as `run.json` has them

    @property
    def env(self) -> Env:
        return self.model.env

    @property
    def history_length(self) -> int:
        """How many states, the present one included, a prediction starts from."""
        return self.model.history

    @property
    def observed(self) -> np.ndarray:
        """(2 nv + na,) bool: the tangent coordinates that the model reads and predicts, and is judged by."""
        return self.model.observed

    def rollout(self, states: Any, actions: Any) -> jax.Array:
        """Open-loop prediction (B, T + 1, S); see `BaseDynamicsModel.rollout`."""
        return self.model.rollout(states, actions, self.variables)


def load(run: str | os.PathLike[str]) -> TrainedModel:
    """The trained model of a run directory, from its newest checkpoint and nothing else.

    Raises:
        UserError: where there is no run, no checkpoint, a damaged one, or one this version cannot build.
    """

    def read_from(path: Path) -> TrainedModel:
        info = _read_info(path)
        model = build(info["config"], *_read_robot(path))
        template = jax.eval_shape(lambda: _variables_template(model))
        return TrainedModel(model, _restore(path / "model", template), info["config"], info)

    return _of_newest(Path(run), read_from)


def load_state(
    run: Path, model: BaseDynamicsModel, template: TrainState
) -> tuple[TrainState, Variables, dict[str, Any]]:
    """The state, normalisation and `run.json` to continue `run` with; `template` gives the state's shapes."""
    path = latest(run)
    verify(path)
    variables = _restore(path / "model", jax.eval_shape(lambda: _variables_template(model)))
    return _restore(path / "training", template), variables["normalization"], _read_info(path)


def read(run: Path) -> tuple[dict[str, Any], str, dict[str, bytes]]:
    """The `run.json`, the MJCF and its assets of the newest checkpoint of `run`, checked against damage."""
    return _of_newest(run, lambda path: (_read_info(path), *_read_robot(path)))


def _of_newest(run: Path, read_from: Callable[[Path], T]) -> T:
    """What `read_from` makes of the newest checkpoint of `run`, after a check against damage.

    A training that goes on meanwhile may put another in its place and remove this one.
    """
    while True:
        path = latest(run)
        try:
            verify(path)
            return read_from(path)
        except (UserError, OSError):
            if latest(run) == path:
                raise


def build(config: Mapping[str, Any], mjcf: str, assets: Mapping[str, bytes]) -> BaseDynamicsModel:
    """The untrained model a saved config describes, of the saved robot."""
    return architectures.make(envs.make(config["env"], mjcf=mjcf, assets=assets), config["model"])


def save(run: Path, state: TrainState, normalization: Variables, env: Env, info: Mapping[str, Any]) -> Path:
    """Write the checkpoint of `state` under `run`, then remove the one before it; returns its directory."""
    folder = run / "checkpoints"
    path = folder / f"epoch-{int(state.epoch):05d}"
    draft = folder / f".{path.name}.partial"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    with ocp.StandardCheckpointer() as orbax:
        orbax.save(draft / "model", _without_empty({"params": state.best, "normalization": dict(normalization)}))
        orbax.wait_until_finished()
        orbax.save(draft / "training", _without_empty(state))
    (draft / "robot.xml").write_text(env.mjcf)
    for name, content in env.assets.items():
        (draft / "assets").mkdir(exist_ok=True)
        (draft / "assets" / name).write_bytes(content)
    write_json(draft / "run.json", {"format": FORMAT, **info, **provenance()})
    write_json(draft / "manifest.json", {str(p.relative_to(draft)): _digest(p) for p in _files(draft)})
    shutil.rmtree(path, ignore_errors=True)
    draft.replace(path)
    for old in found(run)[:-1]:
        shutil.rmtree(old)
    return path


def found(run: Path) -> list[Path]:
    """The checkpoints of `run`, oldest first."""
    return sorted((run / "checkpoints").glob("epoch-*"), key=lambda path: (len(path.name), path.name))


def latest(run: Path) -> Path:
    """The newest checkpoint directory of `run`, or a `UserError`."""
    run = run.expanduser().absolute()
    if not run.is_dir():
        raise UserError(f"run={run} is not a directory")
    there = found(run)
    if not there:
        raise UserError(
            f"run={run} is not a training run, or one stopped before its first checkpoint: no checkpoints/epoch-*"
        )
    return there[-1]


def verify(path: Path) -> None:
    """Raise `UserError` unless every file of the checkpoint is the one that was written."""
    manifest = _read_json(path / "manifest.json")
    for name, digest in manifest.items():
        file = path / name
        if not file.is_file():
            raise UserError(f"the checkpoint is damaged: {file} is missing")
        if _digest(file) != digest:
            raise UserError(f"the checkpoint is damaged: {file} is not what was written (checksum differs)")


def _read_robot(path: Path) -> tuple[str, dict[str, bytes]]:
    return (path / "robot.xml").read_text(), {file.name: file.read_bytes() for file in _files(path / "assets")}


def _variables_template(model: BaseDynamicsModel) -> Variables:
    width = {"features": model.feature_dim, "actions": model.action_dim, "target": model.target_dim}
    normalization = {k: {"mean": np.zeros(n, np.float32), "std": np.zeros(n, np.float32)} for k, n in width.items()}
    return model.create(jax.random.PRNGKey(0), normalization)


def _restore(path: Path, template: Any) -> Any:
    """The tree saved at `path`, as JAX arrays of the shapes of `template`."""
    wanted = jax.tree.map(_here, _without_empty(template))
    try:
        with ocp.StandardCheckpointer() as orbax:
            saved = orbax.metadata(path).item_metadata
            _check_same(path, saved, wanted)
            filled = iter(jax.tree.leaves(orbax.restore(path, wanted)))
    except (ValueError, KeyError, FileNotFoundError) as error:
        raise UserError(f"the checkpoint {path} cannot be read: {str(error).splitlines()[0]}") from error
    return jax.tree.map(lambda leaf: next(filled) if leaf.size else jnp.zeros(leaf.shape, leaf.dtype), template)


def _without_empty(tree: Any) -> Any:
    """`tree` but for arrays of no numbers, such as the actions of a robot without actuators: Orbax takes none."""
    return jax.tree.map(lambda leaf: leaf if leaf.size else None, tree)


def _here(leaf: Any) -> jax.ShapeDtypeStruct:
    """The shape of an array on this machine's device; Orbax would look for the one it was saved from."""
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=SingleDeviceSharding(jax.devices()[0]))


def _check_same(path: Path, saved: Any, template: Any) -> None:
    have, want = (sorted(tuple(x.shape) for x in jax.tree.leaves(tree)) for tree in (saved, template))
    if have != want:
        differing = [f"{a} instead of {b}" for a, b in zip(have, want, strict=False) if a != b] or [
            f"{len(have)} arrays, not {len(want)}"
        ]
        raise UserError(f"the checkpoint {path} is of another architecture than its config: {differing[0]}")


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UserError(f"the checkpoint is damaged: {path} cannot be read ({error})") from None


def _read_info(path: Path) -> dict[str, Any]:
    info = _read_json(path / "run.json")
    if info.get("format") != FORMAT:
        raise UserError(f"{path} has checkpoint format {info.get('format')}; this version of Dynax reads {FORMAT}")
    return info
