"""Tables in the documents, between markers, each followed by a line on how it was measured.

A table lies between `<!-- table: NAME -->` and `<!-- end of NAME -->`. Text outside the markers is written by hand.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def filled(text: str, tables: Mapping[str, str]) -> str:
    """Return `text` with each table between its markers.

    Raises:
        ValueError: if the markers of a table do not occur exactly once.
    """
    for name, table in tables.items():
        begin, end = f"<!-- table: {name} -->", f"<!-- end of {name} -->"
        between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        text, count = between.subn(lambda _, new=f"{begin}\n\n{table}\n\n{end}": new, text)
        if count != 1:
            raise ValueError(f"{begin} ... {end} must occur once in the document, and occurs {count} times")
    return text


def committed_table(file: Path, table: Callable[[Any], str], *facts: str) -> str:
    """Return the table of a result file with its line, or a note that there are no results.

    Args:
        file: JSON with the keys of `common.header`, and `results`.
        table: function from the results to their table.
        facts: further facts of the line, with keys of the file in braces, such as `seed {seed}`.
    """
    if not file.exists():
        return "*Not measured yet.*"
    content = json.loads(file.read_text())
    line = measured_by(content, [content["commit"]], *(fact.format(**content) for fact in facts))
    return f"{table(content['results'])}\n\n{line}"


def measured_by(content: Mapping[str, Any], commits: Sequence[str | None], *more: str) -> str:
    """Return the line after a table: the command, its date, the number of cores and the commits.

    Args:
        content: a result file, with the keys of `common.header`.
        commits: the commits of the measured code; `+` at the end means uncommitted changes.
        more: further facts.
    """
    cores = f"{content['cores']} {content['machine'].split()[0]} core{'s' * (content['cores'] > 1)}"
    short = [str(commit)[:7] + "+" * str(commit).endswith("+") for commit in commits]
    facts = [f"`{content['command']}`", content["date"], cores, *more, f"commit {', '.join(short)}"]
    return f"{', '.join(facts)}."
