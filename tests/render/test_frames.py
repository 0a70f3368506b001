"""What is on the frames, whoever draws them."""

import logging

import mujoco
import numpy as np
import pytest

from dynax.errors import UserError
from dynax.render import choose_backend, frames
from dynax.render.overlay import error_text

SIZE = {"width": 320, "height": 180}
BELOW_CAPTIONS, ABOVE_CURVE = 32, 145  # rows of such a picture


@pytest.fixture(params=["opengl", "software"])
def backend(request):
    """Each way to draw that works here, without a child process of its own."""
    chosen = choose_backend("software" if request.param == "software" else "auto")
    if request.param == "opengl" and chosen == "software":
        pytest.skip("no OpenGL on this machine")
    return chosen


def film(clip, backend, prediction, **options):
    options = SIZE | {"fps": 4} | options
    return list(frames(clip.model, clip.truth, prediction, clip.error, clip.dt, backend=backend, **options))


def scene(frame):
    """The part of a frame that no caption covers."""
    return frame[BELOW_CAPTIONS:ABOVE_CURVE].astype(int)


def test_frames_are_as_many_and_as_large_as_asked(clip, backend):
    shot = film(clip, backend, clip.prediction, fps=5, speed=0.5)
    assert len(shot) == 11  # one second at half speed and five a second, both ends included
    assert {frame.shape for frame in shot} == {(180, 320, 3)}
    assert {frame.dtype for frame in shot} == {np.dtype(np.uint8)}


def test_a_ghost_appears_where_prediction_and_truth_part_and_only_there(clip, backend):
    parted = film(clip, backend, clip.prediction)
    right = film(clip, backend, clip.truth)
    alone = film(clip, backend, np.full_like(clip.truth, np.nan))
    for k in range(5):
        assert np.array_equal(scene(right[k]), scene(alone[k]))
    assert np.array_equal(scene(parted[0]), scene(alone[0]))
    changed = [(np.abs(scene(a) - scene(b)).max(-1) > 10).sum() for a, b in zip(parted, alone, strict=True)]
    assert changed[-1] > changed[1] > 100


def test_the_ghost_is_translucent_and_leaves_the_floor_single(clip, backend):
    with_ghost, without = (film(clip, backend, p)[-1] for p in (clip.prediction, np.full_like(clip.truth, np.nan)))
    difference = np.abs(scene(with_ghost) - scene(without)).max(-1)
    assert 0.001 < (difference > 10).mean() < 0.1
    ghost = scene(with_ghost)[difference > 40]
    assert (ghost[:, 2] > ghost[:, 1] + 30).mean() > 0.8  # violet
    assert ghost[:, 1].max() > 100  # with the light wall behind it shining through


def test_a_prediction_that_blows_up_loses_its_ghost_for_good(clip, backend):
    blown = clip.prediction.copy()
    blown[50] = np.inf  # and finite again afterwards
    shot, whole = film(clip, backend, blown), film(clip, backend, clip.prediction)
    gone = film(clip, backend, np.full_like(clip.truth, np.nan))
    assert np.array_equal(shot[1][:ABOVE_CURVE], whole[1][:ABOVE_CURVE])
    for k in (2, 3, 4):
        assert np.array_equal(scene(shot[k]), scene(gone[k]))
    assert not np.array_equal(shot[4][:BELOW_CAPTIONS], whole[4][:BELOW_CAPTIONS])  # the caption says so


def test_time_error_and_title_are_written_in(clip):
    first, *_, last = film(clip, "software", clip.prediction, title="a title")
    caption = first[:BELOW_CAPTIONS].astype(int)
    assert (caption.max(-1) < 90).sum() > 100  # dark ink
    assert np.abs(caption - last[:BELOW_CAPTIONS]).max() > 100
    untitled = film(clip, "software", clip.prediction)[0]
    assert np.abs(caption - untitled[:BELOW_CAPTIONS]).max() > 50
    curve = np.abs(first[ABOVE_CURVE:].astype(int) - last[ABOVE_CURVE:])
    assert (curve.max(-1) > 60).sum() > 100


@pytest.mark.parametrize(
    ("error", "text"),
    [(0.0344, "error 0.034"), (2.5, "error 2.500"), (3.2e-5, "error 3e-05"), (0, "error 0e+00"), (np.nan, "diverged")],
)
def test_an_error_is_written_in_few_characters(error, text):
    assert error_text(error) == text


def test_opengl_and_the_drawn_fallback_see_the_same_robot(clip):
    if choose_backend() == "software":
        pytest.skip("no OpenGL on this machine")
    pole = []
    for backend in (choose_backend(), "software"):
        red, green, blue = np.moveaxis(scene(film(clip, backend, clip.truth, fps=3)[1]), -1, 0)
        pole.append((red > 150) & (blue < 90) & (green > 60) & (green < 180))
    shared, either = (pole[0] & pole[1]).sum(), (pole[0] | pole[1]).sum()
    assert either > 100
    assert shared / either > 0.7


def test_the_robot_handed_in_is_not_changed(clip):
    before = clip.model.cam_fovy.copy(), clip.model.vis.global_.offwidth
    film(clip, "software", clip.truth, width=200, height=200)
    assert np.array_equal(before[0], clip.model.cam_fovy)
    assert before[1] == clip.model.vis.global_.offwidth


@pytest.mark.parametrize("size", [(64, 64), (100, 400), (641, 359)])
def test_any_size_of_picture_can_be_captioned(clip, size):
    shot = film(clip, "software", clip.prediction, width=size[0], height=size[1], fps=1, title="long " * 20)
    assert shot[-1].shape == (size[1], size[0], 3)


def test_a_robot_without_camera_or_light_is_seen_whole(backend):
    model = mujoco.MjModel.from_xml_string("""<mujoco><worldbody>
        <body><joint type="slide" axis="0 1 0"/><geom type="sphere" size=".1" rgba="1 0 0 1"/></body>
        </worldbody></mujoco>""")
    truth = np.stack([np.linspace(-2, 5, 11), np.zeros(11)], 1)
    shot = list(frames(model, truth, truth, np.zeros(11), 0.1, fps=10, backend=backend, **SIZE))
    where = [np.argwhere(scene(frame)[:, :, 0] > 60 + scene(frame)[:, :, 2]) for frame in shot]
    assert all(len(ball) > 9 for ball in where)
    assert np.ptp([ball[:, 1].mean() for ball in where]) > 100  # it crosses most of the picture
    assert all(ball[:, 1].min() > 3 and ball[:, 1].max() < 316 for ball in where)


def test_a_wrong_camera_or_shape_is_refused(clip):
    with pytest.raises(UserError, match=r"no camera `sid` \(did you mean `side`\?\)"):
        film(clip, "software", clip.prediction, camera="sid")
    with pytest.raises(ValueError, match="wanted"):
        frames(clip.model, clip.truth, clip.prediction[:-1], clip.error, clip.dt)


def test_drawing_on_request_says_nothing(clip, caplog):
    with caplog.at_level(logging.DEBUG, "dynax"):
        film(clip, "software", clip.truth)
    assert not caplog.records
