"""What is written over the picture: the time, the error and its history on a log scale, and which robot is which."""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dynax.render.scene import GHOST_RGBA

_INK, _FAINT, _PAPER = (30, 41, 59, 255), (100, 116, 139, 255), (255, 255, 255, 215)
_CLEAR = (255, 255, 255, 0)
_TINT = tuple(round(255 * c) for c in GHOST_RGBA[:3])
_FINE = 3  # Pillow's lines are jagged: drawn this much larger, then shrunk
_THRESHOLD = 0.1  # up to this error a prediction counts as valid


class Overlay:
    """Captions for pictures of `width x height` pixels; sizes follow the height."""

    def __init__(self, width: int, height: int, error: np.ndarray, dt: float, truth: tuple[int, int, int], title: str):
        """`error (T+1,)`: normalized, at control steps of `dt` s, not finite once diverged; `truth`: its color."""
        self._error, self._dt, self._title = error, dt, title
        self._unit = max(11, round(min(height / 21, width / 32)))  # text height, pixels
        self._gap = self._unit // 2
        self._curve = _Curve(error, width - 2 * self._gap, round(2.4 * self._unit))
        self._sheet = self._panels(width, height, (*truth, 255))

    def write(self, picture: Image.Image, step: int) -> Image.Image:
        """`picture` with the captions of control step `step`."""
        sheet = self._sheet.copy()
        ink, font = ImageDraw.Draw(sheet), _font(self._unit)
        x, y = 2 * self._gap, self._gap + 0.85 * self._unit
        ink.text((x, y), f"{step * self._dt:.2f} s", _INK, font, anchor="lm")
        ink.text((x + 4.5 * self._unit, y), error_text(self._error[step]), _INK, font, anchor="lm")
        top = sheet.height - self._gap - self._curve.height
        sheet.alpha_composite(self._curve.draw(step), (self._gap, top))
        return Image.alpha_composite(picture.convert("RGBA"), sheet).convert("RGB")

    def _panels(self, width: int, height: int, truth: tuple[int, ...]) -> Image.Image:
        """What is the same on every frame: two panels, the legend, and the title where there is room."""
        unit, gap = self._unit, self._gap
        sheet = Image.new("RGBA", (width, height), _CLEAR)
        ink, font = ImageDraw.Draw(sheet), _font(max(10, round(0.82 * unit)))
        right, bottom = width - gap - 1, height - gap - 1
        for box in ((gap, gap, right, gap + 1.7 * unit), (gap, bottom - self._curve.height, right, bottom)):
            ink.rounded_rectangle(box, unit // 3, _PAPER)
        x, y = width - 2 * gap, gap + 0.85 * unit
        legend = (("prediction", (*_TINT, 150)), ("truth", truth))
        if width < 26 * unit:
            legend = ()
        for name, color in legend:
            ink.text((x, y), name, _INK, font, anchor="rm")
            x -= font.getlength(name) + 0.4 * unit
            ink.rounded_rectangle((x - 0.7 * unit, y - 0.35 * unit, x, y + 0.35 * unit), 2, color)
            x -= 1.5 * unit
        room = x - (2 * gap + 11 * unit)
        if font.getlength(self._title) < room:
            ink.text((x - room / 2, y), self._title, _FAINT, font, anchor="mm")
        return sheet


def error_text(error: float) -> str:
    """`error` in few characters; `diverged` where it is no number."""
    if not np.isfinite(error):
        return "diverged"
    return f"error {error:.3f}" if error >= 1e-3 else f"error {error:.0e}"


class _Curve:
    """The error so far on a log scale, `width x height` pixels with a clear background, and the whole clip wide."""

    def __init__(self, error: np.ndarray, width: int, height: int):
        self.height, self._size = height, (width, height)
        good = error[np.isfinite(error) & (error > 0)]
        low = np.log10(np.clip(good.min(initial=1e-2), 1e-6, None))
        self._bounds = low, np.log10(np.clip(good.max(initial=1.0), None, 1e2))
        self._font = _font(max(8, round(0.25 * height)) * _FINE)
        self._left = 2 * _FINE + self._font.getlength(f"{_THRESHOLD} ")
        x = np.linspace(self._left / _FINE + 4, width - 8, len(error))
        with np.errstate(divide="ignore"):
            y = self._row(np.log10(np.where(np.isfinite(error), error, np.inf)))
        self._points = [tuple(p) for p in (np.stack([x, y], 1) * _FINE).tolist()]

    def _row(self, log_error: np.ndarray) -> np.ndarray:
        """Rows, pixels from the top, of log10 errors; those out of bounds at the edge."""
        low, high = self._bounds
        return self.height * (0.86 - 0.72 * np.clip((log_error - low) / (high - low), 0, 1))

    def draw(self, step: int) -> Image.Image:
        """The curve up to control step `step`, a dot at its head, and a dashed line where validity ends."""
        sheet = Image.new("RGBA", (self._size[0] * _FINE, self._size[1] * _FINE), _CLEAR)
        ink = ImageDraw.Draw(sheet)
        level = float(self._row(np.log10([_THRESHOLD]))[0]) * _FINE
        ink.text((2 * _FINE, level), str(_THRESHOLD), _FAINT, self._font, anchor="lm")
        for x in range(round(self._left), sheet.width - 6 * _FINE, 12 * _FINE):
            ink.line((x, level, x + 5 * _FINE, level), (*_FAINT[:3], 130), _FINE)
        ink.line(self._points[: step + 1], (*_TINT, 255), 2 * _FINE, joint="curve")
        ink.circle(self._points[step], 3.5 * _FINE, (*_TINT, 255))
        return sheet.reduce(_FINE)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
