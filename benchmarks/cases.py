"""The command line of a benchmark with named cases: measure some of them, or print their table."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, header
from benchmarks.document import committed_table, filled
from dynax.runs.files import write_json


@dataclass(frozen=True)
class CaseBenchmark:
    """A benchmark with a result for each case, and a table in a document."""

    name: str  # of the result file, and of the table between its markers
    document: Path
    cases: Mapping[str, Any]
    measure: Callable[[Any], Any]  # from a case to its result, as JSON data
    table: Callable[[Any], str]  # from the results by case to Markdown

    @property
    def file(self) -> Path:
        """The committed results."""
        return RESULTS / f"{self.name}.json"

    def committed(self) -> str:
        """Return the table of the committed results."""
        return committed_table(self.file, self.table)

    def run(self, names: Sequence[str]) -> None:
        """Measure cases, write the results after each of them, and print the table."""
        for name in names:
            before = json.loads(self.file.read_text())["results"] if self.file.exists() else {}
            result = self.measure(self.cases[name])
            write_json(self.file, {**header(), "results": {**before, name: result}})
            print(self.committed(), flush=True)

    def main(self, description: str | None) -> None:
        """Run the command line of this process."""
        parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("cases", nargs="*", metavar="CASE", help=f"by default all: {'; '.join(self.cases)}")
        parser.add_argument("--table", action="store_true", help="print the table of the committed results")
        parser.add_argument("--write", action="store_true", help="with --table: write the table into its document")
        args = parser.parse_args()
        if not args.table:
            self.run(args.cases or list(self.cases))
            return
        print(self.committed())
        if args.write:
            self.document.write_text(filled(self.document.read_text(), {self.name: self.committed()}))
