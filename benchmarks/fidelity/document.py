"""The tables of `docs/fidelity.md` and of the README, from the committed results."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS
from benchmarks.document import ROOT, filled, measured_by
from benchmarks.fidelity import headline, robots, targets
from benchmarks.fidelity.cells import distinct, finished
from benchmarks.fidelity.table import Result, Table

DOCUMENT, README = ROOT / "docs" / "fidelity.md", ROOT / "README.md"


def file_of(table: Table) -> Path:
    """Return the file of the committed results of a table."""
    return RESULTS / f"fidelity_{table.name}.json"


def write(tables: Sequence[Table]) -> None:
    """Write tables into `docs/fidelity.md`, and the ten rows of `headline` into the README."""
    DOCUMENT.write_text(filled(DOCUMENT.read_text(), {table.name: committed(table) for table in tables}))
    README.write_text(filled(README.read_text(), {"results": committed_headline()}))


def committed(table: Table) -> str:
    """Return a table from its committed results, or a note that there are none."""
    file = file_of(table)
    if not file.exists():
        return "*Not measured yet.*"
    text = rendered(table, json.loads(file.read_text()))
    return f"![{table.name}](../img/{table.picture})\n\n{text}" if table.picture else text


def committed_headline() -> str:
    """Return the table of the README from the committed results."""
    contents = [json.loads(file_of(table).read_text()) for table in (targets.TABLE, robots.TABLE)]
    rows = [headline.rows_of(content["results"]) for content in contents]
    lines = [provenance(content, part) for content, part in zip(contents, rows, strict=True)]
    return "\n\n".join([headline.render([*rows[0], *rows[1]]), " ".join(lines)])


def rendered(table: Table, content: Mapping[str, Any]) -> str:
    """Return a table, followed by a line on how it was measured."""
    return f"{table.render(content['results'])}\n\n{provenance(content, content['results'])}"


def provenance(content: Mapping[str, Any], results: Sequence[Result]) -> str:
    """Return the line on how some results of a file were measured."""
    commits = [commit for (commit,) in distinct(finished(results), "commit")]
    jobs = f"{content['jobs']} jobs at a time" if content["jobs"] > 1 else "one job at a time"
    seeds = len(distinct(results, "seed"))
    return measured_by(content, commits, jobs, f"medians of {seeds} seeds" if seeds > 1 else "one seed")
