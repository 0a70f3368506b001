"""The captions of a picture: the time, the error, the title, a legend, and the curve of the error."""

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw

from dynax.render.error_curve import ErrorCurve
from dynax.render.style import GHOST, INK, PALE, PAPER, TRANSPARENT, font


class Overlay:
    """Captions for pictures of `width` x `height` pixels. The text size follows from the size of the picture."""

    def __init__(
        self,
        width: int,
        height: int,
        error: Float[np.ndarray, " T"],
        dt: float,
        truth: tuple[int, int, int],
        title: str,
    ):
        """Prepare everything that is the same on all pictures.

        Args:
            width: Width of a picture in pixels.
            height: Height of a picture in pixels.
            error: Normalized error at each control step; not finite once the prediction has diverged.
            dt: Time between two control steps, s.
            truth: Color of the simulated robot.
            title: Text that is shown if the picture is wide enough.
        """
        self._error, self._dt, self._title = error, dt, title
        self._unit = max(11, round(min(height / 21, width / 32)))  # text height, pixels
        self._gap = self._unit // 2
        self._curve = ErrorCurve(error, width - 2 * self._gap, round(2.4 * self._unit))
        self._sheet = self._panels(width, height, (*truth, 255))

    def write(self, picture: Image.Image, step: int) -> Image.Image:
        """Return `picture` with the captions of control step `step`."""
        sheet = self._sheet.copy()
        ink, text = ImageDraw.Draw(sheet), font(self._unit)
        x, y = 2 * self._gap, self._gap + 0.85 * self._unit
        ink.text((x, y), f"{step * self._dt:.2f} s", INK, text, anchor="lm")
        ink.text((x + 4.5 * self._unit, y), error_text(float(self._error[step])), INK, text, anchor="lm")
        top = sheet.height - self._gap - self._curve.height
        sheet.alpha_composite(self._curve.draw(step), (self._gap, top))
        return Image.alpha_composite(picture.convert("RGBA"), sheet).convert("RGB")

    def _panels(self, width: int, height: int, truth: tuple[int, ...]) -> Image.Image:
        """Return the background of the captions, with the legend and, if there is room, the title."""
        unit, gap = self._unit, self._gap
        sheet = Image.new("RGBA", (width, height), TRANSPARENT)
        ink, text = ImageDraw.Draw(sheet), font(max(10, round(0.82 * unit)))
        right, bottom = width - gap - 1, height - gap - 1
        for box in ((gap, gap, right, gap + 1.7 * unit), (gap, bottom - self._curve.height, right, bottom)):
            ink.rounded_rectangle(box, unit // 3, PAPER)
        x, y = width - 2 * gap, gap + 0.85 * unit
        legend = (("prediction", (*GHOST, 150)), ("truth", truth)) if width >= 26 * unit else ()
        for name, color in legend:
            ink.text((x, y), name, INK, text, anchor="rm")
            x -= text.getlength(name) + 0.4 * unit
            ink.rounded_rectangle((x - 0.7 * unit, y - 0.35 * unit, x, y + 0.35 * unit), 2, color)
            x -= 1.5 * unit
        room = x - (2 * gap + 11 * unit)
        if text.getlength(self._title) < room:
            ink.text((x - room / 2, y), self._title, PALE, text, anchor="mm")
        return sheet


def error_text(error: float) -> str:
    """Return a short text of an error, or `diverged` if the error is not finite."""
    if not np.isfinite(error):
        return "diverged"
    return f"error {error:.3f}" if error >= 1e-3 else f"error {error:.0e}"
