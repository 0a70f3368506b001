"""The curve of the error over time on a logarithmic scale."""

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw

from dynax.evaluation.metrics import THRESHOLDS
from dynax.render.style import GHOST, PALE, TRANSPARENT, font

_OVERSAMPLING = 3  # the curve is drawn larger and then reduced, because Pillow does not smooth lines


class ErrorCurve:
    """The error of a whole clip. Its background is transparent."""

    def __init__(self, error: Float[np.ndarray, " T"], width: int, height: int):
        """Compute the points of the curve.

        Args:
            error: Normalized error at each control step; not finite once the prediction has diverged.
            width: Width of the curve in pixels.
            height: Height of the curve in pixels.
        """
        self.height, self._width = height, width
        positive = error[np.isfinite(error) & (error > 0)]
        low = np.log10(np.clip(positive.min(initial=1e-2), 1e-6, None))
        self._bounds = low, np.log10(np.clip(positive.max(initial=1.0), None, 1e2))
        self._font = font(max(8, round(0.25 * height)) * _OVERSAMPLING)
        self._left = 2 * _OVERSAMPLING + self._font.getlength(f"{THRESHOLDS[0]} ")
        x = np.linspace(self._left / _OVERSAMPLING + 4, width - 8, len(error))
        with np.errstate(divide="ignore"):
            y = self._row(np.log10(np.where(np.isfinite(error), error, np.inf)))
        self._points = [tuple(p) for p in (np.stack([x, y], 1) * _OVERSAMPLING).tolist()]

    def _row(self, log_error: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
        """Return the pixel rows of log10 errors. Errors out of bounds lie at the edge."""
        low, high = self._bounds
        return self.height * (0.86 - 0.72 * np.clip((log_error - low) / (high - low), 0, 1))

    def draw(self, step: int) -> Image.Image:
        """Return the curve up to control step `step`. A dot marks its end and a dashed line marks the threshold."""
        scale = _OVERSAMPLING
        sheet = Image.new("RGBA", (self._width * scale, self.height * scale), TRANSPARENT)
        ink = ImageDraw.Draw(sheet)
        level = float(self._row(np.log10([THRESHOLDS[0]]))[0]) * scale
        ink.text((2 * scale, level), str(THRESHOLDS[0]), PALE, self._font, anchor="lm")
        for x in range(round(self._left), sheet.width - 6 * scale, 12 * scale):
            ink.line((x, level, x + 5 * scale, level), (*PALE[:3], 130), scale)
        ink.line(self._points[: step + 1], (*GHOST, 255), 2 * scale, joint="curve")
        ink.circle(self._points[step], 3.5 * scale, (*GHOST, 255))
        return sheet.reduce(scale)
