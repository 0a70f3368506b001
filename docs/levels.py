"""Write the levels of the package, which `pyproject.toml` lists, as a table into the README and the docs.

Usage: python docs/levels.py [--write]. Without `--write` the exit code is 1 if a table differs from `pyproject.toml`.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "design.md")
BETWEEN = re.compile(r"(?<=<!-- levels -->\n).*?(?=<!-- end of levels -->)", re.DOTALL)


def table() -> str:
    """Return the levels as a Markdown table, bottom to top."""
    levels = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dynax"]["levels"]
    rows = [f"| `{name}` | {description} |" for name, description in levels.items()]
    return "\n".join(["", "| level | content |", "|---|---|", *rows, "", ""])


def main(write: bool) -> int:
    """Write or compare the tables and return the exit code."""
    code = 0
    for document in DOCUMENTS:
        text = document.read_text()
        new, count = BETWEEN.subn(lambda _: table(), text)
        if count != 1:
            raise ValueError(f"{document} has {count} places for the levels; it must have exactly one")
        if new != text and write:
            document.write_text(new)
        elif new != text:
            print(f"{document.relative_to(ROOT)} is out of date: run python docs/levels.py --write")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] == ["--write"]))
