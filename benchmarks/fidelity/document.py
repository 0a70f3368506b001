"""`docs/fidelity.md` and the README: their tables, between markers, from the results that are committed.

A table stands between `<!-- table: NAME -->` and `<!-- end of NAME -->`; what lies outside is written by hand.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS
from benchmarks.fidelity.table import Render, Table, values

ROOT = Path(__file__).parents[2]
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
    seeds = len(values(results, "seed"))
    cores = f"{content['cores']} {content['machine'].split()[0]} core{'s' * (content['cores'] > 1)}"
    facts = [
        f"`{content['command']}`", content["date"], cores,
        f"{content['jobs']} jobs at a time" if content["jobs"] > 1 else "one job at a time",
        f"medians of {seeds} seeds" if seeds > 1 else "one seed",
        "commit " + ", ".join(str(commit)[:7] + "+" * str(commit).endswith("+") for commit in commits),
    ]  # fmt: skip
    return f"{table.render(results)}\n\n{', '.join(facts)}."


def filled(text: str, tables: Mapping[str, str]) -> str:
    """`text` with each of the tables between its markers. Raises `ValueError` where a table has none."""
    for name, table in tables.items():
        begin, end = f"<!-- table: {name} -->", f"<!-- end of {name} -->"
        between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        text, count = between.subn(lambda _, new=f"{begin}\n\n{table}\n\n{end}": new, text)
        if count != 1:
            raise ValueError(f"{begin} ... {end} stands {count} times in the document, not once")
    return text
