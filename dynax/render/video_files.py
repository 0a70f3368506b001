"""Frames as files: GIF through Pillow, MP4 through the ffmpeg of imageio-ffmpeg. A file is complete or absent."""

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from dynax.errors import RunError
from dynax.runs.files import replacing

_PALETTE_FRAMES = 12  # number of frames that determine the colors of a GIF

Frame = UInt8[np.ndarray, "H W 3"]


def save_gif(path: Path, frames: Iterable[Frame], fps: int) -> Path:
    """Write an endless GIF and return its path.

    All frames are held in memory, because they share one palette. One palette per frame would flicker and double the
    file size. The time unit of GIF is 10 ms. Frame k ends at round(100 (k + 1) / fps) units, so that rounding errors
    do not accumulate.

    Args:
        path: The file to write. Missing folders are created.
        frames: The frames, all of the same size.
        fps: Frames per second.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = [Image.fromarray(frame) for frame in frames]
    palette = _shared_palette(pictures)
    indexed = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    ends = np.round(100 / fps * np.arange(len(indexed) + 1)).astype(int)
    with replacing(path) as draft:
        indexed[0].save(draft, save_all=True, append_images=indexed[1:], loop=0, duration=(10 * np.diff(ends)).tolist())
    return path


def _shared_palette(pictures: list[Image.Image]) -> Image.Image:
    """Return a picture with a palette of 256 colors for all `pictures`, computed from a few of them."""
    chosen = pictures[:: max(1, len(pictures) // _PALETTE_FRAMES)]
    sheet = Image.new("RGB", (chosen[0].width, chosen[0].height * len(chosen)))
    for i, picture in enumerate(chosen):
        sheet.paste(picture, (0, i * picture.height))
    return sheet.quantize(256, method=Image.Quantize.MEDIANCUT)


def save_mp4(path: Path, frames: Iterable[Frame], fps: int) -> Path:
    """Write an MP4 with H.264, which browsers and slide programs play, and return its path.

    Only one frame is held in memory.

    Args:
        path: The file to write. Missing folders are created.
        frames: The frames, all of the same size.
        fps: Frames per second.

    Raises:
        RunError: ffmpeg has failed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remaining = iter(frames)
    first = next(remaining)
    height, width = first.shape[:2]
    with replacing(path) as draft, _encoder(draft, width, height, fps) as pipe:
        for frame in chain([first], remaining):
            pipe.write(np.ascontiguousarray(frame))
    return path


@contextmanager
def _encoder(path: Path, width: int, height: int, fps: int) -> Iterator[Any]:
    """Yield a pipe to ffmpeg, which encodes the bytes of frames into `path`.

    imageio-ffmpeg only locates ffmpeg here. Its own way to start ffmpeg forks this process, which JAX's threads forbid.

    Raises:
        RunError: ffmpeg has failed.
    """
    import imageio_ffmpeg  # locates its executable on import

    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(fps), "-i", "-"]
    even_size = "scale=ceil(iw/2)*2:ceil(ih/2)*2"  # yuv420p requires even sizes
    h264 = ["-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p", "-vf", even_size, "-movflags", "+faststart"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *source, *h264, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as ffmpeg:
        try:
            with suppress(BrokenPipeError):  # ffmpeg has failed; its exit code is checked below
                yield ffmpeg.stdin
            errors = ffmpeg.communicate()[1]
        except BaseException:
            ffmpeg.kill()
            raise
    if ffmpeg.returncode:
        raise RunError(f"ffmpeg cannot write {path.name}: {errors.decode(errors='replace').strip()}")
