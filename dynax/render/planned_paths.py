"""Frames of a controlled robot, with the planned paths of one of its points."""

from collections.abc import Iterator, Sequence

import mujoco
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw

from dynax.render.backends import choose_backend, make_painter
from dynax.render.camera import choose_camera
from dynax.render.pinhole import Pinhole
from dynax.render.scene import Scene, picture_model
from dynax.render.style import GHOST, INK, PALE, PAPER, TRANSPARENT, font

OVERSAMPLING = 2  # lines are drawn larger and then reduced, because Pillow does not smooth lines


def frames_with_paths(
    mj_model: mujoco.MjModel,
    states: Float[np.ndarray, "T S"],
    paths: Sequence[Float[np.ndarray, "F P 3"]],
    period: int,
    dt: float,
    *,
    rewards: Float[np.ndarray, " steps"],
    mocap: Float[np.ndarray, "steps M"],
    fps: int,
    width: int,
    height: int,
    backend: str,
    camera: str | None,
    title: str,
) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
    """Return an iterator over the frames.

    Args:
        mj_model: The robot.
        states: States at control steps.
        paths: Planned paths of a point in the world at each plan, m; the best path first.
        period: Control steps between two plans.
        dt: Time between two control steps, s.
        rewards: Rewards of the control steps.
        mocap: Positions, then quaternions of the mocap bodies at each control step.
        fps: Frames per second.
        width: Width of a frame in pixels.
        height: Height of a frame in pixels.
        backend: A backend, see `choose_backend`.
        camera: Name of a camera in the MJCF; None as in `frames`.
        title: Text in the caption.

    Raises:
        UserError: The backend does not work on this machine, or the robot does not have the camera.
    """
    model = picture_model(mj_model, width, height)
    scene = Scene(model, choose_camera(model, camera, states[:, : model.nq]))
    chosen = choose_backend(backend)

    def generate() -> Iterator[np.ndarray]:
        painter = make_painter(model, width, height, chosen)
        try:
            for k in np.round(np.arange(0.0, (len(states) - 1) * dt + 1e-9, 1 / fps) / dt).astype(int).tolist():
                scene.pose(states[k], None, mocap[min(k, len(mocap) - 1)])
                picture = Image.fromarray(painter.paint(scene.shapes)).convert("RGBA")
                best_paths = paths[min(k // period, len(paths) - 1)]
                picture.alpha_composite(_drawn(best_paths, Pinhole(scene.shapes, width, height), (width, height)))
                caption = f"{k * dt:.2f} s", f"reward {rewards[min(k, len(rewards) - 1)]:.3f}", title
                picture.alpha_composite(_caption(caption, width, height))
                yield np.asarray(picture.convert("RGB"))
        finally:
            painter.close()

    return generate()


def _drawn(best_paths: Float[np.ndarray, "F P 3"], camera: Pinhole, size: tuple[int, int]) -> Image.Image:
    """Return the paths on a transparent sheet, the best path last and opaque."""
    sheet = Image.new("RGBA", (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING), TRANSPARENT)
    ink, unit = ImageDraw.Draw(sheet), OVERSAMPLING * size[1] / 360
    for i in reversed(range(len(best_paths))):
        points = best_paths[i][np.isfinite(best_paths[i]).all(axis=1)]
        pixels = camera.pixels(camera.to_camera(points)) if len(points) > 1 else []
        line = [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in pixels]
        if len(line) > 1:
            best = i == 0
            ink.line(line, (*GHOST, 255 if best else 110), round((2.4 if best else 1.4) * unit), joint="curve")
            if best:
                ink.circle(line[-1], 3.5 * unit, (*GHOST, 255))
    return sheet.reduce(OVERSAMPLING)


def _caption(texts: tuple[str, str, str], width: int, height: int) -> Image.Image:
    """Return a caption with the time, the reward and, if there is room, the title."""
    unit = max(11, round(min(height / 21, width / 32)))
    gap, sheet = unit // 2, Image.new("RGBA", (width, height), TRANSPARENT)
    ink, text = ImageDraw.Draw(sheet), font(unit)
    ink.rounded_rectangle((gap, gap, width - gap - 1, gap + 1.7 * unit), unit // 3, PAPER)
    y = gap + 0.85 * unit
    ink.text((2 * gap, y), texts[0], INK, text, anchor="lm")
    ink.text((2 * gap + 4.5 * unit, y), texts[1], INK, text, anchor="lm")
    small = font(max(10, round(0.82 * unit)))
    if small.getlength(texts[2]) < width - 14 * unit:
        ink.text((width - 2 * gap, y), texts[2], PALE, small, anchor="rm")
    return sheet
