"""The share of each part of Dynax in the time of a compiled program, from JAX's profiler.

The profiler measures each operation of XLA. The compiled program names the source lines of most operations. Products of
matrices and sums that XLA gives to its library have no source line and are a part of their own.
"""

import gzip
import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

import dynax

PACKAGE = Path(dynax.__file__).parent
LIBRARY = "products and sums"  # the part without source lines
REPEATS = 10  # calls that the profiler records


def time_by_part(function: Callable[..., Any], *arguments: Any) -> dict[str, float]:
    """Return the share of each part in the time of `function(*arguments)`, the largest first.

    A part is a folder of `dynax`, for example `mechanics/collision`, or `LIBRARY`. General functions in `dynax/math`
    count for their caller.
    """
    compiled = jax.jit(function).lower(*arguments).compile()
    parts, times = parts_of(compiled.as_text() or ""), defaultdict[str, float](float)
    jax.block_until_ready(compiled(*arguments))
    for operation, duration in _durations(lambda: compiled(*arguments)):
        if not operation.startswith("while"):  # the operations of its body are recorded too
            times[parts.get(operation, LIBRARY)] += duration
    total = sum(times.values())
    return {part: times[part] / total for part in sorted(times, key=times.__getitem__, reverse=True)}


def parts_of(program: str) -> dict[str, str]:
    """Return the part of each operation of a compiled program that has a source line, from the text of the program."""
    files, locations, frames = (_table(program, name) for name in ("FileNames", "FileLocations", "StackFrames"))

    def part(frame: str) -> str:
        while frame in frames:
            entry = frames[frame]
            file = files[_number(locations[_number(entry, "file_location_id")], "file_name_id")].strip('"')
            if file.startswith(str(PACKAGE)) and not file.startswith(str(PACKAGE / "math")):
                return Path(file).relative_to(PACKAGE).parent.as_posix()
            parent = _number(entry, "parent_frame_id")
            frame = parent if parent != frame else ""
        return LIBRARY

    operations = re.findall(r"%([\w.\-]+) = .*?stack_frame_id=(\d+)", program)
    return {name: part(frame) for name, frame in operations}


def _table(program: str, name: str) -> dict[str, str]:
    """Return the rows of one of the tables at the beginning of a program, by their numbers."""
    rows = re.search(rf"^{name}\n((?:\d+ .*\n)+)", program, re.MULTILINE)
    return {row.partition(" ")[0]: row.partition(" ")[2] for row in rows[1].splitlines()} if rows else {}


def _number(text: str, key: str) -> str:
    """Return the number after `key=`; an empty text if there is none."""
    found = re.search(rf"{key}=(\d+)", text)
    return found[1] if found else ""


def _durations(task: Callable[[], Any]) -> list[tuple[str, float]]:
    """Return the operations of `REPEATS` calls, and their durations in microseconds."""
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            for _ in range(REPEATS):
                jax.block_until_ready(task())
        [file] = Path(folder).rglob("*.trace.json.gz")
        events = json.loads(gzip.decompress(file.read_bytes()))["traceEvents"]
    return [(e["args"]["hlo_op"], e["dur"]) for e in events if e.get("ph") == "X" and "hlo_op" in e.get("args", {})]
