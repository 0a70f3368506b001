"""The clip that opens the README: `python -m benchmarks.picture [--run RUN]`.

Trains the default cart pole, unless it is given the run directory of one, and renders what it predicts into
`img/cart_pole_trajectory.gif`.
"""

import argparse
import shutil
from pathlib import Path

from benchmarks.common import dynax

PICTURE = Path(__file__).parent.parent / "img" / "cart_pole_trajectory.gif"
CLIP = [
    "render.formats=[gif]",
    "render.seconds=8",
    "render.seed=1",
    "render.width=560",
    "render.height=315",
    "render.fps=20",
]


def main(run: str | None) -> None:
    here = Path.cwd()
    run = run or dynax(here, "train", "env=cart_pole")[0]
    [clip] = dynax(here, "render", f"run={run}", *CLIP)
    shutil.copy(Path(clip) / "trajectory.gif", PICTURE)
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run")
    main(**vars(parser.parse_args()))
