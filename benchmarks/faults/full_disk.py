"""A disk of 16 MB that is full at every stage: one sentence with the path, no half-written file, nothing is lost.

The disk is a tmpfs, which only root can mount. A round fills the disk up to a random rest and runs one stage.
"""

import logging
import subprocess
import tempfile
import unittest.mock
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.common import markdown
from benchmarks.faults import specimen
from benchmarks.faults.specimen import small_chunks
from dynax.cli.log_file import LogFile
from dynax.config.schema import CollectConfig
from dynax.data.collection import collect
from dynax.envs import PendulumEnv
from dynax.errors import DiskFullError
from dynax.evaluation.plot_style import save_figure
from dynax.excitations.mixed import Mixed
from dynax.render import save_gif, save_mp4
from dynax.runs import checkpoint, sealed
from dynax.runs.history import FILE, History
from dynax.runs.saved_model import config_of, description, robot_files
from dynax.runs.summary import write_summary
from dynax.trained import load

NAME, DEFAULT_ROUNDS = "full_disk", 80
SIZE, PAGE = 16 * 2**20, 4096
CHECKPOINT = 2_000_000  # bytes of its arrays, of which compression saves a tenth
COLLECTION = CollectConfig(num_rollouts=100, rollout_length=200, seed=5, backend="native")


def measure(rounds: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the outcome of each round; the stages take turns."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder)) as disk:
        specimen.make(disk, 0)
        (disk / "run" / "dynax.log").write_text("a line\n")
        for number in range(rounds):
            stage = list(STAGES)[number % len(STAGES)]
            rest = int(rng.integers(ROOM[stage] // PAGE)) * PAGE
            yield {"round": number, "stage": stage, **_round(disk, stage, rest)}


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a tmpfs of 16 MB."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _round(disk: Path, stage: str, rest: int) -> dict[str, Any]:
    """Run one stage with `rest` free bytes."""
    before, outcome = _contents(disk), "no error"
    if stage != "dataset, while it is collected":
        fill(disk, rest)
    try:
        STAGES[stage](disk, rest)
    except DiskFullError as error:
        text = str(error)
        outcome = "one sentence" if "\n" not in text and str(disk) in text else f"message: {text}"
    except Exception as error:
        outcome = f"{type(error).__name__}: {error}"
    (disk / "filler").unlink()
    after = _contents(disk)
    names = before.keys() | after.keys()
    changed = sorted(name for name in names if not _kept(name, before.get(name), after.get(name)))
    specimen.read(disk)
    return {"rest": rest, "outcome": outcome, "changed": changed, "passed": outcome == "one sentence" and not changed}


def fill(disk: Path, rest: int) -> None:
    """Fill the disk except `rest` bytes."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while filler.write(bytes(2**16)):
                pass
        except OSError:
            filler.truncate(max(0, filler.tell() - rest))


def _contents(disk: Path) -> dict[str, bytes]:
    files = [path for path in disk.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {str(path.relative_to(disk)): path.read_bytes() for path in files}


def _kept(name: str, before: bytes | None, after: bytes | None) -> bool:
    """Return whether a file is unchanged; metrics and logs may have more lines, and metrics only complete ones."""
    if before is None or after is None or not name.endswith((FILE, ".log")):
        return before == after
    return after.startswith(before) and (after.endswith(b"\n") or name.endswith(".log"))


def _dataset(disk: Path, rest: int) -> None:
    collect(PendulumEnv(), Mixed(), COLLECTION, disk / "datasets")


def _dataset_while(disk: Path, rest: int) -> None:
    class Filling:
        """An inspection after which the disk is full."""

        def save(self, folder: Path) -> None:
            fill(disk, rest)

    with small_chunks(rows=10, steps=COLLECTION.rollout_length):
        collect(PendulumEnv(), Mixed(), COLLECTION, disk / "datasets", inspect=lambda *_: Filling())


def _checkpoint(disk: Path, rest: int) -> None:
    run = disk / "run"
    trained = load(run)
    info = sealed.read_info(checkpoint.latest(run)) | description(trained.model, config_of(trained.model))
    big = {"x": np.random.default_rng(0).random(CHECKPOINT // 4, np.float32)}
    checkpoint.save(run, 4, {"model": big}, robot_files(trained.env), info)


def _checkpoint_while(disk: Path, rest: int) -> None:
    """Save a checkpoint on a disk that has enough room when the command starts to write."""
    with unittest.mock.patch.object(sealed, "check_room"):
        _checkpoint(disk, rest)


def _metrics(disk: Path, rest: int) -> None:
    part = sealed.read_info(checkpoint.latest(disk / "run"))["metrics"]
    history = History(disk / "run" / FILE, part)
    for epoch in range(4, 1000):
        history.append({"epoch": epoch, "note": "x" * 100})


def _log(disk: Path, rest: int) -> None:
    handler = LogFile(disk / "run" / "dynax.log")
    logger = logging.Logger("full")
    logger.addHandler(handler)
    try:
        for _ in range(1000):
            logger.info("x" * 100)
    finally:
        with suppress(OSError):  # the buffer contains the line that the disk has no room for
            handler.close()


def _summary(disk: Path, rest: int) -> None:
    write_summary(disk / "run", "train", {"note": "x" * ROOM["summary"]})


def _plot(disk: Path, rest: int) -> None:
    figure = Figure(figsize=(9, 3.4))
    figure.subplots().imshow(np.random.default_rng(0).random((200, 200)))
    save_figure(figure, disk / "run" / "loss.png")


def _frames() -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 255, (4, 120, 160, 3), np.uint8))


STAGES: Mapping[str, Callable[[Path, int], None]] = {
    "dataset": _dataset,
    "dataset, while it is collected": _dataset_while,
    "checkpoint": _checkpoint,
    "checkpoint, while it is written": _checkpoint_while,
    "metrics": _metrics,
    "log": _log,
    "summary": _summary,
    "plot": _plot,
    "GIF": lambda disk, rest: void(save_gif(disk / "run" / "clip.gif", _frames(), 10)),
    "MP4": lambda disk, rest: void(save_mp4(disk / "run" / "clip.mp4", _frames(), 10)),
}
ROOM = dict.fromkeys(STAGES, 40_000) | {"dataset": 400_000, "dataset, while it is collected": 400_000}
ROOM |= dict.fromkeys(("checkpoint", "checkpoint, while it is written"), 3 * CHECKPOINT // 4)
ROOM |= {"metrics": PAGE * 2, "log": PAGE * 2}  # bytes that a stage needs, at least


def void(_: object) -> None:
    """Discard a result."""


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the number of rounds of each stage, and how many passed."""
    total, passed = Counter(r["stage"] for r in results), Counter(r["stage"] for r in results if r["passed"])
    return markdown(["stage", "rounds", "passed"], [[s, str(total[s]), str(passed[s])] for s in STAGES if total[s]])
