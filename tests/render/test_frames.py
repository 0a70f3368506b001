"""The content of the frames of both the OpenGL and the software backend."""

import logging

import mujoco
import numpy as np
import pytest

from dynax.errors import UserError
from dynax.render import choose_backend, frames
from dynax.render.overlay import error_text

SIZE = {"width": 320, "height": 180}
CAPTION_END, CURVE_START = 32, 145  # pixel rows of a picture of this size


@pytest.fixture(params=["opengl", "software"])
def backend(request):
    """Each backend that works on this machine."""
    chosen = choose_backend("software" if request.param == "software" else "auto")
    if request.param == "opengl" and chosen == "software":
        pytest.skip("OpenGL is not available")
    return chosen


def draw(clip, backend, prediction, **options):
    options = SIZE | {"fps": 4} | options
    return list(frames(clip.model, clip.truth, prediction, clip.error, clip.dt, backend=backend, **options))


def draw_truth(clip, backend):
    """Return frames without a ghost."""
    return draw(clip, backend, np.full_like(clip.truth, np.nan))


def scene(frame):
    """Return the part of a frame without captions."""
    return frame[CAPTION_END:CURVE_START].astype(int)


@pytest.mark.slow
def test_number_and_size_of_the_frames(clip, backend):
    shot = draw(clip, backend, clip.prediction, fps=5, speed=0.5)
    assert len(shot) == 11  # 2 s at 5 frames per second, including the first and the last state
    assert {frame.shape for frame in shot} == {(180, 320, 3)}
    assert {frame.dtype for frame in shot} == {np.dtype(np.uint8)}


@pytest.mark.slow
def test_a_ghost_appears_only_if_prediction_and_truth_differ(clip, backend):
    different = draw(clip, backend, clip.prediction)
    equal = draw(clip, backend, clip.truth)
    truth = draw_truth(clip, backend)
    for k in range(5):
        assert np.array_equal(scene(equal[k]), scene(truth[k]))
    assert np.array_equal(scene(different[0]), scene(truth[0]))
    changed = [(np.abs(scene(a) - scene(b)).max(-1) > 10).sum() for a, b in zip(different, truth, strict=True)]
    assert changed[-1] > changed[1] > 100


@pytest.mark.slow
def test_the_ghost_is_translucent_and_only_moving_geoms_have_one(clip, backend):
    with_ghost, without = draw(clip, backend, clip.prediction)[-1], draw_truth(clip, backend)[-1]
    difference = np.abs(scene(with_ghost) - scene(without)).max(-1)
    assert 0.001 < (difference > 10).mean() < 0.1
    ghost = scene(with_ghost)[difference > 40]
    assert (ghost[:, 2] > ghost[:, 1] + 30).mean() > 0.8  # violet
    assert ghost[:, 1].max() > 100  # the light wall behind the ghost is visible


@pytest.mark.slow
def test_the_ghost_disappears_once_the_prediction_diverges(clip, backend):
    diverging = clip.prediction.copy()
    diverging[50] = np.inf  # later states are finite again
    shot, complete, truth = (
        draw(clip, backend, diverging),
        draw(clip, backend, clip.prediction),
        draw_truth(clip, backend),
    )
    assert np.array_equal(shot[1][:CURVE_START], complete[1][:CURVE_START])
    for k in (2, 3, 4):
        assert np.array_equal(scene(shot[k]), scene(truth[k]))
    assert not np.array_equal(shot[4][:CAPTION_END], complete[4][:CAPTION_END])


def test_the_captions_contain_time_error_and_title(clip):
    first, *_, last = draw(clip, "software", clip.prediction, title="a title")
    caption = first[:CAPTION_END].astype(int)
    assert (caption.max(-1) < 90).sum() > 100  # dark text
    assert np.abs(caption - last[:CAPTION_END]).max() > 100
    untitled = draw(clip, "software", clip.prediction)[0]
    assert np.abs(caption - untitled[:CAPTION_END]).max() > 50
    curve = np.abs(first[CURVE_START:].astype(int) - last[CURVE_START:])
    assert (curve.max(-1) > 60).sum() > 100


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (0.0344, "error 0.034"),
        (2.5, "error 2.500"),
        (3.2e-5, "error 3e-05"),
        (0.0, "error 0e+00"),
        (np.nan, "diverged"),
    ],
)
def test_the_text_of_an_error_is_short(error, text):
    assert error_text(error) == text


def test_opengl_and_software_draw_the_same_robot(clip):
    if choose_backend() == "software":
        pytest.skip("OpenGL is not available")
    pole = []
    for backend in (choose_backend(), "software"):
        red, green, blue = np.moveaxis(scene(draw(clip, backend, clip.truth, fps=3)[1]), -1, 0)
        pole.append((red > 150) & (blue < 90) & (green > 60) & (green < 180))
    intersection, union = (pole[0] & pole[1]).sum(), (pole[0] | pole[1]).sum()
    assert union > 100
    assert intersection / union > 0.7


def test_the_model_of_the_caller_is_not_changed(clip):
    before = clip.model.cam_fovy.copy(), clip.model.vis.global_.offwidth
    draw(clip, "software", clip.truth, width=200, height=200)
    assert np.array_equal(before[0], clip.model.cam_fovy)
    assert before[1] == clip.model.vis.global_.offwidth


@pytest.mark.parametrize("size", [(64, 64), (100, 400), (641, 359)])
def test_pictures_of_any_size_have_captions(clip, size):
    shot = draw(clip, "software", clip.prediction, width=size[0], height=size[1], fps=1, title="long " * 20)
    assert shot[-1].shape == (size[1], size[0], 3)


def test_a_free_camera_covers_the_motion_of_a_robot_without_camera_and_light(backend):
    model = mujoco.MjModel.from_xml_string("""<mujoco><worldbody>
        <body><joint type="slide" axis="0 1 0"/><geom type="sphere" size=".1" rgba="1 0 0 1"/></body>
        </worldbody></mujoco>""")
    truth = np.stack([np.linspace(-2, 5, 11), np.zeros(11)], 1)
    shot = list(frames(model, truth, truth, np.zeros(11), 0.1, fps=10, backend=backend, **SIZE))
    pixels = [np.argwhere(scene(frame)[:, :, 0] > 60 + scene(frame)[:, :, 2]) for frame in shot]
    assert all(len(ball) > 9 for ball in pixels)
    assert np.ptp([ball[:, 1].mean() for ball in pixels]) > 100  # the ball crosses most of the picture
    assert all(ball[:, 1].min() > 3 and ball[:, 1].max() < 316 for ball in pixels)


def test_a_wrong_camera_or_shape_is_an_error(clip):
    with pytest.raises(UserError, match=r"camera=sid does not exist \(did you mean `side`\?\)"):
        draw(clip, "software", clip.prediction, camera="sid")
    with pytest.raises(ValueError, match="must have the shape"):
        frames(clip.model, clip.truth, clip.prediction[:-1], clip.error, clip.dt)


def test_the_software_backend_logs_nothing_if_the_caller_chooses_it(clip, caplog):
    with caplog.at_level(logging.DEBUG, "dynax"):
        draw(clip, "software", clip.truth)
    assert not caplog.records
