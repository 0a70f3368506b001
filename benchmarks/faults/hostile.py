"""A run directory from somebody else: `eval`, `render` and `training.resume` are harmless, with any content.

Each round changes a copy of a trained run by one trick. Afterwards nothing outside the output of the command may have
changed, no file outside the run may have been read, and the command must have ended within a minute.
"""

import hashlib
import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.common import markdown
from benchmarks.faults import processes
from benchmarks.faults.processes import Child

NAME, DEFAULT_ROUNDS = "hostile", 78
TRAIN = ["train", "env=cart_pole", "training=smoke", "model.hidden_dims=[4]", "training.optimizer=adam"]
MAX_WAIT = 120.0  # after which a command counts as hanging, s
SECRET = "<mujocoinclude><option gravity='0 0 -1.2345'/></mujocoinclude>"  # content of a file that must not be read
MARK = "1.2345"  # in outputs, a sign that the secret was read


def _edit_info(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change `run.json` of the checkpoint, and write its hash into the manifest."""
    [checkpoint] = run.glob("checkpoints/epoch-*")
    info = json.loads((checkpoint / "run.json").read_text())
    change(info)
    _replace(checkpoint, "run.json", json.dumps(info))


def _replace(checkpoint: Path, name: str, text: str) -> None:
    (checkpoint / name).write_text(text)
    manifest = json.loads((checkpoint / "manifest.json").read_text())
    manifest[name] = hashlib.sha256(text.encode()).hexdigest()
    (checkpoint / "manifest.json").write_text(json.dumps(manifest))


def _checkpoint(run: Path) -> Path:
    return next(run.glob("checkpoints/epoch-*"))


def _set_name(value: str) -> Callable[[Path, Path], None]:
    return lambda run, root: _edit_info(run, lambda info: info["config"]["env"].update(name=value))


def _set_architecture(value: str) -> Callable[[Path, Path], None]:
    return lambda run, root: _edit_info(run, lambda info: info["config"]["model"].update(architecture=value))


def _hydra_config(text: str) -> Callable[[Path, Path], None]:
    def change(run: Path, root: Path) -> None:
        for name in ("config", "hydra", "overrides"):
            (run / ".hydra" / f"{name}.yaml").write_text(text)

    return change


def _pipe(name: str) -> Callable[[Path, Path], None]:
    def change(run: Path, root: Path) -> None:
        path = _checkpoint(run) / name if name in ("run.json", "manifest.json", "robot.xml") else run / name
        path.unlink(missing_ok=True)
        os.mkfifo(path)

    return change


def _link(name: str) -> Callable[[Path, Path], None]:
    def change(run: Path, root: Path) -> None:
        path = run / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        target = root / "secret"
        path.symlink_to(target / "folder" if name in ("checkpoints", ".hydra/resumed") else target / "file.xml")

    return change


def _model(text: str) -> Callable[[Path, Path], None]:
    def change(run: Path, root: Path) -> None:
        xml = (_checkpoint(run) / "robot.xml").read_text()
        extra = text.format(root / "secret" / "file.xml")
        _replace(_checkpoint(run), "robot.xml", xml.replace("</mujoco>", f"{extra}</mujoco>"))

    return change


def _manifest(name: str) -> Callable[[Path, Path], None]:
    def change(run: Path, root: Path) -> None:
        path = _checkpoint(run) / "manifest.json"
        secret = hashlib.sha256(SECRET.encode()).hexdigest()
        path.write_text(json.dumps(json.loads(path.read_text()) | {name.format(root): secret}))

    return change


BOMB = "a0: &a0 {x: y}\n" + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 60))
TRICKS: dict[str, Callable[[Path, Path], None]] = {
    "name of the robot is ../../..": _set_name("../../../escaped"),
    "name of the robot is an absolute path": _set_name("/tmp/dynax-escaped"),
    "name of the robot reads the environment": _set_name("${oc.env:DYNAX_SECRET}"),
    "architecture is ../../..": _set_architecture("../../../escaped"),
    ".hydra/config.yaml names ../../..": _hydra_config("env: {name: ../../../escaped}\nmodel: {architecture: x}\n"),
    ".hydra/config.yaml reads the environment": _hydra_config("env: {name: '${oc.env:DYNAX_SECRET}'}\n"),
    ".hydra/*.yaml are alias bombs": _hydra_config(BOMB),
    ".hydra/*.yaml construct Python objects": _hydra_config("!!python/object/apply:os.system ['touch executed']"),
    ".hydra/hydra.yaml is a pipe": _pipe(".hydra/hydra.yaml"),
    "run.json is a pipe": _pipe("run.json"),
    "manifest.json is a pipe": _pipe("manifest.json"),
    "robot.xml is a pipe": _pipe("robot.xml"),
    "metrics.jsonl is a pipe": _pipe("metrics.jsonl"),
    "metrics.jsonl is a link": _link("metrics.jsonl"),
    ".metrics.partial.jsonl is a link": _link(".metrics.partial.jsonl"),
    ".summary.partial.json is a link": _link(".summary.partial.json"),
    "dynax.log is a link": _link("dynax.log"),
    ".lock is a link": _link(".lock"),
    "loss.png is a link": _link("loss.png"),
    "checkpoints is a link": _link("checkpoints"),
    ".hydra/resumed is a link": _link(".hydra/resumed"),
    "robot.xml includes a file": _model("<include file='{}'/>"),
    "robot.xml loads a mesh": _model("<asset><mesh name='m' file='{}'/></asset>"),
    "robot.xml attaches a model": _model("<asset><model name='m' file='{}'/></asset>"),
    "manifest.json lists an absolute name": _manifest("{}/secret/file.xml"),
    "manifest.json lists a name with ..": _manifest("../../../secret/file.xml"),
}
COMMANDS = (
    ["eval", "run={}"],
    ["render", "run={}", "render.backend=software"],
    ["train", "training.resume={}", "training.num_epochs=4"],
)


def measure(rounds: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the result of each trick with each command, at most `rounds`."""
    processes.import_everything()
    os.environ["DYNAX_SECRET"] = MARK
    pairs = [(trick, command) for trick in TRICKS for command in COMMANDS]
    random.Random(seed).shuffle(pairs)
    with tempfile.TemporaryDirectory() as root:
        original = _trained(Path(root, "original"))
        for number, (trick, command) in enumerate(pairs[:rounds]):
            yield _round(Path(root, str(number)), original, trick, command)


def _trained(folder: Path) -> Path:
    folder.mkdir()
    assert Child(folder, TRAIN).wait() == 0, (folder / "err").read_text()
    return Path((folder / "out").read_text().strip())


def _round(root: Path, original: Path, trick: str, command: list[str]) -> dict[str, Any]:
    """Prepare a run, run a command on it, and return the outcome."""
    for folder in ("work", "secret/folder"):
        (root / folder).mkdir(parents=True)
    (root / "secret" / "file.xml").write_text(SECRET)
    run = Path(shutil.copytree(original, root / "foreign"))
    (run / "summary.json").unlink()
    TRICKS[trick](run, root)
    before = _content(root)
    child = Child(root / "work", [word.format(run) for word in command])
    code = child.wait(MAX_WAIT)
    if code is None:
        child.kill()
        child.wait()
    problems = _problems(root, before, code, resumed=command[0] == "train")
    shutil.rmtree(root)
    return {"trick": trick, "command": command[0], "code": code, "passed": not problems, "problems": problems}


def _content(root: Path) -> dict[str, bytes | None]:
    """Return the content of every regular file below `root`, and the names of all other entries."""
    paths = (path for path in root.rglob("*") if not path.is_relative_to(root / "work"))
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() and not path.is_symlink() else None
        for path in paths
    }


def _problems(root: Path, before: dict[str, bytes | None], code: int | None, *, resumed: bool) -> list[str]:
    """Return the forbidden effects of a command."""
    found = ["hangs"] if code is None else [f"exit code {code}"] if code not in (0, 2) else []
    after = _content(root)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if resumed and code == 0:  # a training that continues writes into its own directory
        changed = {name for name in changed if not name.startswith("foreign/")}
    found += [f"changed {name}" for name in sorted(changed)]
    outputs = [path for path in (root / "work").rglob("*") if path.is_file()]
    found += [f"{path.name} contains the secret" for path in outputs if MARK.encode() in path.read_bytes()]
    inside = {path.name for path in (root / "work").iterdir()} - {"outputs", "out", "err"}
    return found + [f"wrote {name}" for name in sorted(inside)]


def table(results: list[dict[str, Any]]) -> str:
    """Return the exit code of each command for each trick."""
    rows = []
    for trick in TRICKS:
        own = {r["command"]: r for r in results if r["trick"] == trick}
        cells = [str(own[name]["code"]) if name in own else "" for name in ("eval", "render", "train")]
        harmless = "yes" if all(r["passed"] for r in own.values()) else "**no**"
        rows.append([trick, *cells, harmless if own else ""])
    return markdown(["trick", "eval", "render", "resume", "harmless"], rows)
