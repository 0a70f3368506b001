"""Frames into files: GIF by Pillow, MP4 by the ffmpeg that imageio-ffmpeg brings. Both appear whole or not at all."""

import subprocess
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dynax.errors import RunError

_PALETTE_FRAMES = 12  # looked at for the colors that all frames share


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to, moved onto it when all went well and removed otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.stem}-{uuid.uuid4().hex[:6]}{path.suffix}")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def save_gif(path: Path, frames: Iterable[np.ndarray], fps: int) -> Path:
    """Write `frames`, uint8 (H, W, 3) each, as an endless GIF of `fps` frames a second.

    All are held in memory, for they share one palette: one each would flicker and take twice the room. GIF counts
    time in hundredths of a second, so frame k lasts until round(100 (k + 1) / fps): the clip as a whole keeps time.
    """
    pictures = [Image.fromarray(frame) for frame in frames]
    palette = _shared_palette(pictures)
    indexed = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    ends = np.round(100 / fps * np.arange(len(indexed) + 1)).astype(int)
    with _whole(Path(path)) as draft:
        indexed[0].save(draft, save_all=True, append_images=indexed[1:], loop=0, duration=(10 * np.diff(ends)).tolist())
    return Path(path)


def _shared_palette(pictures: list[Image.Image]) -> Image.Image:
    """256 colors that serve all `pictures`, from a dozen of them spread over the clip."""
    chosen = pictures[:: max(1, len(pictures) // _PALETTE_FRAMES)]
    sheet = Image.new("RGB", (chosen[0].width, chosen[0].height * len(chosen)))
    for i, picture in enumerate(chosen):
        sheet.paste(picture, (0, i * picture.height))
    return sheet.quantize(256, method=Image.Quantize.MEDIANCUT)


def save_mp4(path: Path, frames: Iterable[np.ndarray], fps: int) -> Path:
    """Write `frames`, uint8 (H, W, 3) each, as H.264 that browsers and slides play; one frame is held at a time."""
    remaining = iter(frames)
    first = next(remaining)
    height, width = first.shape[:2]
    with _whole(Path(path)) as draft, _encoder(draft, width, height, fps) as pipe:
        for frame in chain([first], remaining):
            pipe.write(np.ascontiguousarray(frame))
    return Path(path)


@contextmanager
def _encoder(path: Path, width: int, height: int, fps: int) -> Iterator[Any]:
    """Takes the bytes of frames and writes them to `path`. Raises `RunError` where ffmpeg cannot.

    imageio-ffmpeg only says where ffmpeg is: to start it, it would fork this process, whose threads JAX has running.
    """
    import imageio_ffmpeg  # looks for its executable when imported

    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(fps), "-i", "-"]
    even = "scale=ceil(iw/2)*2:ceil(ih/2)*2"  # as yuv420p wants it
    h264 = ["-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p", "-vf", even, "-movflags", "+faststart"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *raw, *h264, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as ffmpeg:
        try:
            with suppress(BrokenPipeError):  # it has ended, and says why
                yield ffmpeg.stdin
            said = ffmpeg.communicate()[1]
        except BaseException:
            ffmpeg.kill()
            raise
    if ffmpeg.returncode:
        raise RunError(f"ffmpeg cannot write {path.name}: {said.decode(errors='replace').strip()}")
