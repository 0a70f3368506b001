"""GIF and MP4: readable, in time, small, and never half written."""

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from dynax.render import frames, save_gif, save_mp4

FPS = 20


@pytest.fixture(scope="module")
def shot(clip):
    """21 frames, 480 x 320: the one second of the clip."""
    return list(frames(*clip, fps=FPS, width=480, height=320, backend="software"))


def test_a_gif_has_all_frames_in_real_time_and_loops(shot, tmp_path):
    path = save_gif(tmp_path / "new" / "clip.gif", shot, FPS)
    with Image.open(path) as gif:
        assert (gif.n_frames, gif.size, gif.info["loop"]) == (21, (480, 320), 0)
        durations = []
        for k in range(gif.n_frames):
            gif.seek(k)
            durations.append(gif.info["duration"])
            difference = np.abs(np.asarray(gif.convert("RGB")).astype(int) - shot[k])
            assert difference.mean() < 3  # 256 colors are enough
    assert durations == [50] * 21


def test_a_gif_keeps_time_at_rates_that_hundredths_do_not_divide(shot, tmp_path):
    path = save_gif(tmp_path / "clip.gif", shot, 30)
    with Image.open(path) as gif:
        durations = []
        for k in range(gif.n_frames):
            gif.seek(k)
            durations.append(gif.info["duration"])
    assert set(durations) == {30, 40}
    assert sum(durations) == 700


def test_ten_seconds_of_gif_stay_under_three_megabytes(shot, tmp_path):
    assert save_gif(tmp_path / "clip.gif", shot, FPS).stat().st_size < 3e6 * len(shot) / (10 * FPS)


@pytest.mark.parametrize("crop", [0, 1])
def test_an_mp4_has_all_frames_at_its_rate(shot, tmp_path, monkeypatch, crop):
    monkeypatch.setenv("IMAGEIO_FFMPEG_NO_PREVENT_SIGINT", "1")  # or reading it forks, which JAX warns of
    height, width = 320 - crop, 480 - crop
    path = save_mp4(tmp_path / "clip.mp4", (frame[:height, :width] for frame in shot), FPS)
    count, seconds = imageio_ffmpeg.count_frames_and_secs(str(path))
    reader = imageio_ffmpeg.read_frames(str(path))
    about = next(reader)
    first = np.frombuffer(next(reader), np.uint8).reshape(*about["size"][::-1], 3)
    reader.close()
    assert count == 21
    assert seconds == pytest.approx(21 / FPS, abs=0.06)
    assert (about["fps"], about["codec"]) == (FPS, "h264")
    assert about["pix_fmt"].startswith("yuv420p")  # which browsers and slides play
    if not crop:
        assert np.abs(first.astype(int) - shot[0]).mean() < 4


@pytest.mark.parametrize("save", [save_gif, save_mp4])
def test_a_clip_that_fails_halfway_leaves_the_old_file_and_nothing_else(shot, tmp_path, save):
    path = tmp_path / f"clip.{save.__name__[-3:]}"
    path.write_bytes(b"old")

    def failing():
        yield from shot[:3]
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        save(path, failing(), FPS)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
