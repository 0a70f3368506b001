"""Real models from end to end with the default features: the table of docs/robots.md.

    python -m benchmarks.foreign [MODEL ...] [--packages DIR ...] [--collect OVERRIDE ...]
    python -m benchmarks.foreign --all [--packages DIR ...]
    python -m benchmarks.foreign --table [--write]

The models come from the installed packages, and from folders that contain unpacked wheels (`--packages`). Packages that
are missing are listed. Each model is collected, trained for a few epochs and evaluated. Results are added to
`benchmarks/results/foreign.json`, so that the models can be measured one after the other. With `--all`, every XML file
of the packages runs with a small dataset. The result is that it runs, or the error. Files with a result are left out.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, header, markdown
from benchmarks.document import ROOT, filled, measured_by
from benchmarks.foreign import every
from benchmarks.foreign.measure import measure
from benchmarks.foreign.models import PACKAGES, find_models, find_packages
from dynax.runs.files import write_json

FILE, DOCUMENT = RESULTS / "foreign.json", ROOT / "docs" / "robots.md"


def read() -> dict[str, Any]:
    """Return the committed results."""
    return json.loads(FILE.read_text()) if FILE.exists() else {"results": {}}


def table() -> str:
    """Return the table of the committed results, or a note that there are none."""
    content = read()
    if not content["results"]:
        return "*Not measured yet.*"
    columns = ["model", "first line", "first epoch", "memory", "VPT(0.1)", "ceiling"]
    rows = [[name, *cells(result)] for name, result in sorted(content["results"].items())]
    facts = f"collection with {' '.join(content['collect']) or 'the default settings'}"
    return f"{markdown(columns, rows)}\n\n{measured_by(content, [content['commit']], facts)}"


def cells(result: dict[str, Any]) -> list[str]:
    """Return the cells of one model."""
    if "refused" in result:
        return ["refused", "", "", "", ""]
    return [
        f"{result['first_line_s']:.1f} s",
        f"{result['first_epoch_s']:.0f} s",
        f"{result['memory_gb']:.1f} GB",
        f"{result['vpt_s']:.2f} s",
        f"{result['ceiling_vpt_s']:.2f} s",
    ]


def main(args: argparse.Namespace) -> None:
    """Measure the selected models, and write the results after each of them."""
    packages = find_packages(args.packages)
    for name in PACKAGES:
        if name not in packages:
            print(f"{name} is not installed: its models are left out")
    models = find_models(packages, every=args.all)
    if args.all:
        every.run_all(models)
        return
    for name in args.models or models:
        result = measure(models[name], args.collect)
        results = {**read()["results"], name: result}
        write_json(FILE, {**header(), "collect": args.collect, "results": results})
        print(name, result, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="names of models; by default all of the table")
    parser.add_argument("--all", action="store_true", help="all XML files of the packages")
    parser.add_argument("--packages", type=Path, nargs="+", default=[], help="folders with unpacked wheels")
    parser.add_argument("--collect", nargs="+", default=[], help="overrides that determine the dataset")
    parser.add_argument("--table", action="store_true", help="print the table of the committed results")
    parser.add_argument("--write", action="store_true", help="with --table: write the table into docs/robots.md")
    arguments = parser.parse_args()
    if arguments.table:
        tables = {"foreign": table(), "foreign_all": every.table()}
        print("\n\n".join(tables.values()))
        if arguments.write:
            DOCUMENT.write_text(filled(DOCUMENT.read_text(), tables))
    else:
        main(arguments)
