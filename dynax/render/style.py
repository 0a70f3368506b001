"""Colors and font of the captions."""

from functools import cache

from PIL import ImageFont

from dynax.render.scene import GHOST_RGBA

INK, PALE, PAPER = (30, 41, 59, 255), (100, 116, 139, 255), (255, 255, 255, 215)
TRANSPARENT = (255, 255, 255, 0)
GHOST = tuple(round(255 * c) for c in GHOST_RGBA[:3])  # opaque


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font of the captions. `size` is the text height in pixels."""
    return ImageFont.load_default(size)
