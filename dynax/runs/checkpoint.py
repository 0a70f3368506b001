"""A training on disk, complete: what a run needs to continue, and what `load` needs to predict.

    <run>/checkpoints/epoch-00010/
        model/          Orbax: the best parameters and the normalization
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
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import orbax.checkpoint as ocp
from jax.sharding import SingleDeviceSharding

from dynax.errors import UserError
from dynax.runs.files import write_json
from dynax.runs.provenance import provenance

FORMAT = 1

T = TypeVar("T")


def read(run: Path) -> tuple[dict[str, Any], str, dict[str, bytes]]:
    """The `run.json`, the MJCF and its assets of the newest checkpoint of `run`, checked against damage."""
    return of_newest(run, lambda path: (read_info(path), *read_robot(path)))


def of_newest(run: Path, read_from: Callable[[Path], T]) -> T:
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


def save(
    run: Path, epoch: int, trees: Mapping[str, Any], mjcf: str, assets: Mapping[str, bytes], info: Mapping[str, Any]
) -> Path:
    """Write the checkpoint of an epoch under `run`, remove the checkpoint before it, and return the new directory.

    Args:
        run: the run directory.
        epoch: number of epochs done.
        trees: pytrees of arrays by name, such as `model` and `training`.
        mjcf, assets: the robot's MJCF text and the files that it loads, by name.
        info: the content of `run.json`.
    """
    folder = run / "checkpoints"
    path = folder / f"epoch-{epoch:05d}"
    draft = folder / f".{path.name}.partial"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    with ocp.StandardCheckpointer() as orbax:
        for name, tree in trees.items():
            orbax.save(draft / name, _without_empty(tree))
            orbax.wait_until_finished()
    (draft / "robot.xml").write_text(mjcf)
    for name, content in assets.items():
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


def read_robot(path: Path) -> tuple[str, dict[str, bytes]]:
    return (path / "robot.xml").read_text(), {file.name: file.read_bytes() for file in _files(path / "assets")}


def restore(path: Path, template: Any) -> Any:
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


def read_info(path: Path) -> dict[str, Any]:
    info = _read_json(path / "run.json")
    if info.get("format") != FORMAT:
        raise UserError(f"{path} has checkpoint format {info.get('format')}; this version of Dynax reads {FORMAT}")
    return info
