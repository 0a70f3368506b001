"""Random command lines and model files: each one ends with a short message, quickly, and leaves nothing behind.

Every process is forked after the imports. A command that passes all checks ends with code 0 before it collects data,
trains, evaluates or renders.
"""

import importlib
import os
import random
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import markdown
from benchmarks.faults import fuzzing, processes

NAME, DEFAULT_ROUNDS = "commands", 1_000
MODEL = "robot.xml"
MAX_LINES = 3  # of a message
MAX_CPU = 2.0  # CPU time of a process after the imports, s
MAX_WAIT = 60.0  # after which a process counts as hanging, s
MAX_MEMORY = 2e9  # largest resident memory of a process, bytes
ADDRESS_SPACE = 2**35  # limit of the system, which protects the machine, bytes
OUTPUT = {"out", "err"}


def measure(rounds: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the result of each round."""
    processes.import_everything()
    for name in ("dynax.cli.commands.render", "dynax.cli.app.help"):
        importlib.import_module(name)
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as root:
        for number in range(rounds):
            folder = Path(root, str(number), "work")
            folder.mkdir(parents=True)
            if number % 2:
                (folder / MODEL).write_bytes(fuzzing.model_file(rng))
                words = ["collect", "env=mjcf", f"env.xml={MODEL}"]
            else:
                words = fuzzing.command_line(rng)
            yield {"round": number, "kind": "model file" if number % 2 else "command line", **_round(folder, words)}
            shutil.rmtree(folder.parent)


def _round(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    before = {path.name for path in folder.iterdir()} | OUTPUT
    pid = os.fork()
    if pid == 0:
        processes.in_child(folder, lambda: _run(words))
    code, cpu, memory = _wait(pid)
    lines = (folder / "err").read_text(errors="replace").splitlines()
    if {"hydra.verbose=true", "--info"} & set(words):  # the user requests messages of Hydra before that of Dynax
        lines = lines[next((i for i, line in enumerate(lines) if line.startswith("dynax: ")), 0) :]
    left = sorted({path.name for path in folder.iterdir()} - before) if code == 2 else []
    result = {
        "words": [word[:80] for word in words],
        "code": code,
        "cpu_s": round(cpu, 2),
        "memory_mb": round(memory / 1e6),
    }
    problems = _problems(code, lines, left, cpu, memory)
    return {**result, "passed": not problems, **({"problems": problems, "message": lines[:5]} if problems else {})}


def _run(words: Sequence[str]) -> int:
    """Run a command line up to the point at which it would begin to work."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    for module, name in (
        ("dynax.data.collection", "_collect"),
        ("dynax.cli.commands.eval", "evaluate"),
        ("dynax.cli.commands.render", "_clip"),
    ):
        setattr(importlib.import_module(module), name, lambda *args, **kwargs: os._exit(0))
    return importlib.import_module("dynax.cli").main(words)


def _wait(pid: int) -> tuple[int | None, float, float]:
    """Return the exit code of a process (None if it hangs), its CPU time in s and its largest memory in bytes."""
    end = time.monotonic() + MAX_WAIT
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024.0
        if time.monotonic() > end:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            return None, MAX_WAIT, 0.0
        time.sleep(0.005)


def _problems(code: int | None, lines: Sequence[str], left: Sequence[str], cpu: float, memory: float) -> list[str]:
    """Return the faults in the end of a process."""
    found = []
    if code not in (0, 2):
        found.append(f"exit code {code}")
    if code == 2 and not 1 <= len(lines) <= MAX_LINES:
        found.append(f"{len(lines)} lines")
    if any("Traceback" in line for line in lines):
        found.append("traceback")
    if left:
        found.append(f"left {', '.join(left)}")
    if cpu > MAX_CPU:
        found.append(f"{cpu:.1f} s")
    if memory > MAX_MEMORY:
        found.append(f"{memory / 1e9:.1f} GB")
    return found


def table(results: list[dict[str, Any]]) -> str:
    """Return how the processes ended."""
    rows = []
    for kind in ("command line", "model file"):
        own = [r for r in results if r["kind"] == kind]
        codes = Counter(r["code"] for r in own)
        slowest, largest = max(r["cpu_s"] for r in own), max(r["memory_mb"] for r in own)
        passed = f"{sum(r['passed'] for r in own)} of {len(own)}"
        rows.append([kind, str(codes[2]), str(codes[0]), passed, f"{slowest:.1f} s", f"{largest} MB"])
    return markdown(["input", "refused", "valid", "passed", "most CPU time", "most memory"], rows)
