"""Random damage of every file of runs and datasets: each change of the meaning is one sentence.

A round flips a bit, cuts a file, deletes a file or directory, or swaps it with that of another seed or with another
file of the same run. Everything is then read as the commands read it, in the same process. A round passes if the error
is a `UserError` of one line, or if the meaning is unchanged.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import markdown
from benchmarks.faults import specimen
from dynax.errors import UserError

NAME, DEFAULT_ROUNDS = "mutations", 1_000
KINDS = ("flip", "cut", "delete", "swap")
OUTCOMES = ("named", "same meaning", "unfinished")  # without its summary, a run is recognizably unfinished


def measure(rounds: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the outcomes of all rounds, counted by kind of damage and kind of file; failed rounds one by one."""
    with tempfile.TemporaryDirectory() as root:
        folders = [Path(root, name) for name in ("one", "two", "work")]
        for number, folder in enumerate(folders[:2]):
            specimen.make(folder, number)
        meaning, rng = specimen.read(folders[0]), np.random.default_rng(seed)
        counts: Counter[tuple[str, str, str]] = Counter()
        for number in range(rounds):
            kind, target, outcome = _round(folders, meaning, rng)
            if outcome in OUTCOMES:
                counts[kind, _kind_of_file(target), outcome] += 1
            else:
                yield {"round": number, "damage": kind, "file": target, "outcome": outcome, "passed": False}
    for (kind, file, outcome), count in sorted(counts.items()):
        yield {"damage": kind, "file": file, "outcome": outcome, "count": count, "passed": True}


def _round(folders: Sequence[Path], meaning: str, rng: np.random.Generator) -> tuple[str, str, str]:
    """Damage a copy of the first folder; return the kind of damage, the file and the outcome."""
    one, two, work = folders
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(one, work)
    kind, entries = KINDS[rng.integers(len(KINDS))], [p for p in sorted(work.rglob("*")) if p.suffix != ".lock"]
    files = [entry for entry in entries if entry.is_file()]
    target = _choose(entries if kind in ("delete", "swap") and rng.random() < 0.3 else files, work, rng)
    if kind == "swap":
        _swap(target, _partner(target, files, work, two, rng))
    else:
        {"flip": _flip, "cut": _cut, "delete": _delete}[kind](target, rng)
    return kind, target.relative_to(work).as_posix(), _outcome(work, meaning)


def _choose(entries: Sequence[Path], work: Path, rng: np.random.Generator) -> Path:
    """Return an entry of a random kind, so that files of which there are many do not take all rounds."""
    kinds: dict[str, list[Path]] = {}
    for entry in entries:
        kinds.setdefault(_kind_of_file(entry.relative_to(work).as_posix()), []).append(entry)
    same_kind = list(kinds.values())[rng.integers(len(kinds))]
    return same_kind[rng.integers(len(same_kind))]


def _outcome(work: Path, meaning: str) -> str:
    try:
        found = specimen.read(work)
    except UserError as error:
        return "named" if "\n" not in str(error) else f"several lines: {error}"
    except StopIteration:
        return "named"  # the whole dataset is missing, which the commands report before they read
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if found == meaning:
        return "same meaning"
    return "silent" if (work / "run" / "summary.json").exists() else "unfinished"


def _flip(target: Path, rng: np.random.Generator) -> None:
    content = bytearray(target.read_bytes())
    if content:
        content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    target.write_bytes(content)


def _cut(target: Path, rng: np.random.Generator) -> None:
    content = target.read_bytes()
    target.write_bytes(content[: rng.integers(max(1, len(content)))])


def _delete(target: Path, rng: np.random.Generator) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink()


def _partner(target: Path, files: Sequence[Path], work: Path, two: Path, rng: np.random.Generator) -> Path:
    """Return the replacement of the target: the same entry of another seed, or another file of the same run."""
    relative = target.relative_to(work)
    dataset = next((work / "datasets").glob("pendulum-*")).name
    other = next((two / "datasets").glob("pendulum-*")).name
    same = two / Path(*(other if part == dataset else part for part in relative.parts))
    return same if target.is_dir() or rng.random() < 0.6 else files[int(rng.integers(len(files)))]


def _swap(target: Path, partner: Path) -> None:
    if partner.is_dir():
        shutil.rmtree(target)
        shutil.copytree(partner, target)
    elif partner != target and partner.exists():
        target.write_bytes(partner.read_bytes())


def _kind_of_file(name: str) -> str:
    """Return a short name of the kind of a file or directory."""
    parts = Path(name).parts
    if "epoch" in name:
        below = parts[3:]
        return f"checkpoint: {'arrays' if below[:1] in (('model',), ('training',)) else '/'.join(below) or 'whole'}"
    if parts[0] == "datasets":
        below = parts[2:]
        arrays = below[:1] in (("qpos",), ("qvel",), ("action",))
        return f"dataset: {'arrays' if arrays else '/'.join(below) or 'whole'}"
    return name


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the number of rounds of each kind of damage by outcome."""
    counts: Counter[tuple[str, str]] = Counter()
    for result in results:
        outcome = result["outcome"] if result["passed"] else "failed"
        counts[result["damage"], outcome] += result.get("count", 1)
    outcomes = (*OUTCOMES, "failed")
    rows = [[kind, *(f"{counts[kind, outcome]:,}" for outcome in outcomes)] for kind in KINDS]
    return markdown(["damage", "one sentence, exit code 2", "same meaning", "unfinished run", "not detected"], rows)
