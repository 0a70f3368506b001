"""The clips of the README: `python -m benchmarks.picture [NAME ...] [--run RUN]`.

The benchmark trains a model of each robot and renders a prediction as `img/<name>_trajectory.gif`. With `--run RUN`, it
renders the given training of the one robot that is named.
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.commands import run_dynax
from benchmarks.document import ROOT

PICTURES = ROOT / "img"
SMALL = ("render.formats=[gif]", "render.seed=1", "render.width=560", "render.height=315")
CLIPS = {  # name: settings of the training, settings of the clip
    "cart_pole": (["env=cart_pole"], ["render.seconds=8", "render.fps=20"]),
    "hopper": (  # in slow motion, because the hopper falls within a second
        ["env=hopper", "model=mechanical"],
        ["render.seconds=4", "render.fps=12", "render.speed=0.5"],
    ),
}


def main(names: Sequence[str], run: str | None) -> None:
    """Make the clips of the named robots."""
    folder = Path.cwd()
    for name in names:
        training, rendering = CLIPS[name]
        trained = run or run_dynax(folder, "train", *training)[0]
        [clip] = run_dynax(folder, "render", f"run={trained}", *SMALL, *rendering)
        picture = PICTURES / f"{name}_trajectory.gif"
        shutil.copy(Path(clip) / "trajectory.gif", picture)
        print(f"{picture}: {picture.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *CLIPS], metavar="NAME", help=", ".join(CLIPS))
    parser.add_argument("--run", help="a finished training of the one robot that is named")
    args = parser.parse_args()
    if args.run and len(args.names) != 1:
        parser.error("--run needs the name of exactly one robot")
    main(args.names or list(CLIPS), args.run)
