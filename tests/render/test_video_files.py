"""GIF and MP4: frames, durations and sizes. A file is complete or absent."""

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from dynax.render import frames, save_gif, save_mp4

FPS = 20


@pytest.fixture(scope="module")
def shot(clip):
    """The 21 frames of the clip, 480 x 320 pixels."""
    return list(frames(*clip, fps=FPS, width=480, height=320, backend="software"))


@pytest.mark.slow
def test_a_gif_contains_all_frames_and_repeats(shot, tmp_path):
    path = save_gif(tmp_path / "new" / "clip.gif", shot, FPS)
    with Image.open(path) as gif:
        assert (gif.n_frames, gif.size, gif.info["loop"]) == (21, (480, 320), 0)
        durations = []
        for k in range(gif.n_frames):
            gif.seek(k)
            durations.append(gif.info["duration"])
            difference = np.abs(np.asarray(gif.convert("RGB")).astype(int) - shot[k])
            assert difference.mean() < 3  # despite the palette of 256 colors
    assert durations == [50] * 21


def test_rounding_errors_of_frame_durations_do_not_accumulate(shot, tmp_path):
    path = save_gif(tmp_path / "clip.gif", shot, 30)
    with Image.open(path) as gif:
        durations = []
        for k in range(gif.n_frames):
            gif.seek(k)
            durations.append(gif.info["duration"])
    assert set(durations) == {30, 40}
    assert sum(durations) == 700


def test_ten_seconds_of_a_gif_need_less_than_three_megabytes(shot, tmp_path):
    assert save_gif(tmp_path / "clip.gif", shot, FPS).stat().st_size < 3e6 * len(shot) / (10 * FPS)


@pytest.mark.parametrize("crop", [0, 1])
def test_an_mp4_contains_all_frames_at_its_rate(shot, tmp_path, monkeypatch, crop):
    monkeypatch.setenv("IMAGEIO_FFMPEG_NO_PREVENT_SIGINT", "1")  # otherwise the reader forks, and JAX warns
    height, width = 320 - crop, 480 - crop
    path = save_mp4(tmp_path / "clip.mp4", (frame[:height, :width] for frame in shot), FPS)
    count, seconds = imageio_ffmpeg.count_frames_and_secs(str(path))
    reader = imageio_ffmpeg.read_frames(str(path))
    metadata = next(reader)
    first = np.frombuffer(next(reader), np.uint8).reshape(*metadata["size"][::-1], 3)
    reader.close()
    assert count == 21
    assert seconds == pytest.approx(21 / FPS, abs=0.06)
    assert (metadata["fps"], metadata["codec"]) == (FPS, "h264")
    assert metadata["pix_fmt"].startswith("yuv420p")  # browsers and slide programs require it
    if not crop:
        assert np.abs(first.astype(int) - shot[0]).mean() < 4


@pytest.mark.parametrize("save", [save_gif, save_mp4])
def test_an_error_keeps_the_old_file_and_leaves_no_other_file(shot, tmp_path, save):
    path = tmp_path / f"clip.{save.__name__[-3:]}"
    path.write_bytes(b"old")

    def failing():
        yield from shot[:3]
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        save(path, failing(), FPS)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
