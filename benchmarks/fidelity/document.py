"""`docs/fidelity.md` and the README: their tables from the results that are committed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS
from benchmarks.document import ROOT, filled, measured_by
from benchmarks.fidelity.table import Render, Table, values

DOCUMENT, README = ROOT / "docs" / "fidelity.md", ROOT / "README.md"


def file_of(table: Table) -> Path:
    """The committed results of a table."""
    return RESULTS / f"fidelity_{table.name}.json"


def write(tables: Sequence[Table]) -> None:
    """Put the tables where they stand."""
    DOCUMENT.write_text(filled(DOCUMENT.read_text(), {table.name: committed(table) for table in tables}))
    brief = {table.name: committed(table, table.brief) for table in tables if table.brief}
    README.write_text(filled(README.read_text(), brief))


def committed(table: Table, render: Render | None = None) -> str:
    """A table from its committed results, by default all of it, or that there are none yet."""
    file = file_of(table)
    if not file.exists():
        return "*Not measured yet.*"
    text = shown(replace(table, render=render or table.render), json.loads(file.read_text()))
    return f"![{table.name}](../img/{table.picture})\n\n{text}" if table.picture else text


def shown(table: Table, content: Mapping[str, Any]) -> str:
    """A table, and beneath it what it was measured by."""
    results = content["results"]
    commits = [commit for (commit,) in values([r for r in results if not r["failed"]], "commit")]
    jobs = f"{content['jobs']} jobs at a time" if content["jobs"] > 1 else "one job at a time"
    seeds = len(values(results, "seed"))
    told = measured_by(content, commits, jobs, f"medians of {seeds} seeds" if seeds > 1 else "one seed")
    return f"{table.render(results)}\n\n{told}"
