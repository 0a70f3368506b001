"""Tables in the documents, between markers, and beneath each of them what it was measured by.

A table stands between `<!-- table: NAME -->` and `<!-- end of NAME -->`; what lies outside is written by hand.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def filled(text: str, tables: Mapping[str, str]) -> str:
    """`text` with each of the tables between its markers. Raises `ValueError` where a table has none."""
    for name, table in tables.items():
        begin, end = f"<!-- table: {name} -->", f"<!-- end of {name} -->"
        between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        text, count = between.subn(lambda _, new=f"{begin}\n\n{table}\n\n{end}": new, text)
        if count != 1:
            raise ValueError(f"{begin} ... {end} stands {count} times in the document, not once")
    return text


def measured_by(content: Mapping[str, Any], commits: Sequence[str | None], *more: str) -> str:
    """The line beneath a table: the command, when and on how many cores it ran, and which code."""
    cores = f"{content['cores']} {content['machine'].split()[0]} core{'s' * (content['cores'] > 1)}"
    short = [str(commit)[:7] + "+" * str(commit).endswith("+") for commit in commits]
    facts = [f"`{content['command']}`", content["date"], cores, *more, f"commit {', '.join(short)}"]
    return f"{', '.join(facts)}."
