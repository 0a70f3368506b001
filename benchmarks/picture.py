"""The clips of the README: `python -m benchmarks.picture [NAME ...] [--run RUN]`.

Trains the robots of these clips, or the one that is named where `--run` gives its run directory, and renders what is
predicted into `img/<name>_trajectory.gif`.
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import dynax

PICTURES = Path(__file__).parent.parent / "img"
SMALL = ("render.formats=[gif]", "render.seed=1", "render.width=560", "render.height=315")
CLIPS = {  # how each is trained, and rendered
    "cart_pole": (["env=cart_pole"], ["render.seconds=8", "render.fps=20"]),
    "hopper": (  # too quick for the eye as it is
        ["env=hopper", "model=mechanical"],
        ["render.seconds=4", "render.fps=12", "render.speed=0.5"],
    ),
}


def main(names: Sequence[str], run: str | None) -> None:
    here = Path.cwd()
    for name in names:
        training, rendering = CLIPS[name]
        trained = run or dynax(here, "train", *training)[0]
        [clip] = dynax(here, "render", f"run={trained}", *SMALL, *rendering)
        picture = PICTURES / f"{name}_trajectory.gif"
        shutil.copy(Path(clip) / "trajectory.gif", picture)
        print(f"{picture}: {picture.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *CLIPS], metavar="NAME", help=", ".join(CLIPS))
    parser.add_argument("--run", help="a finished training of the one robot that is named")
    args = parser.parse_args()
    if args.run and len(args.names) != 1:
        parser.error("--run is of one robot: name it")
    main(args.names or list(CLIPS), args.run)
