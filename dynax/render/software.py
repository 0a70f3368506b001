"""A picture without OpenGL: flat-shaded facets seen through the scene's camera, painted back to front with Pillow.

No shadows and no textures, and facets are sorted by depth rather than cut where they meet; yet the same shapes,
colors, ghost and camera as OpenGL's. Axes: V vertices, F facets.
"""

from collections.abc import Iterator
from typing import NamedTuple

import mujoco
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dynax.render.solids import solid

_FINE = 2  # drawn this much larger, then shrunk, for smooth edges
_HORIZON, _ZENITH = (222, 231, 242), (150, 172, 202)
_LIGHT = np.array([-0.40, -0.62, 0.68])  # unit vector towards the light, world frame
_GRID = 0.93  # how bright the lines on a plane are, next to the plane


class _View:
    """The scene's camera as a pinhole: world points to pixels."""

    def __init__(self, scene: mujoco.MjvScene, width: int, height: int):
        left, right = scene.camera  # the two eyes; on a screen, the point between them
        self.eye = (left.pos + right.pos) / 2.0
        self._axes = np.stack([np.cross(left.forward, left.up), left.up, left.forward], 1)
        self._near = float(left.frustum_near)
        self._scale = height * self._near / (left.frustum_top - left.frustum_bottom)  # pixels per unit slope
        self._middle = np.array([width / 2, self._scale * left.frustum_top / self._near])

    def into(self, points: np.ndarray) -> np.ndarray:
        """World points (V, 3) in the camera's axes: right, up, depth, m."""
        return (points - self.eye) @ self._axes

    def pixels(self, loop: np.ndarray) -> list[tuple[float, float]]:
        """The facet `loop (V, 3)`, camera axes, as pixels; what is behind the camera is cut off."""
        if loop[:, 2].min() < self._near:
            loop = _cut(loop, self._near)
        at = self._middle + self._scale * loop[:, :2] * (1, -1) / loop[:, 2:]
        return [(x, y) for x, y in at.tolist()]


def _cut(loop: np.ndarray, near: float) -> np.ndarray:
    """The part of a convex loop (V, 3) with depth of at least `near` (Sutherland and Hodgman 1974)."""
    kept: list[np.ndarray] = []
    for a, b in zip(loop, np.roll(loop, -1, 0), strict=True):
        if a[2] >= near:
            kept.append(a)
        if (a[2] >= near) != (b[2] >= near):
            kept.append(a + (b - a) * (near - a[2]) / (b[2] - a[2]))
    return np.array(kept).reshape(-1, 3)


class _Facet(NamedTuple):
    depth: float  # m, for sorting
    outline: list[tuple[float, float]]  # pixels
    color: tuple[int, int, int]
    alpha: int  # 255: opaque


class DrawnPainter:
    """Draws scenes with Pillow into pictures of `width x height` pixels."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int):
        self._size = (width * _FINE, height * _FINE)
        self._textures = _mean_colors(model)
        shade = np.linspace(0, 1, self._size[1])[:, None] ** 0.8
        sky = (1 - shade) * np.array(_ZENITH) + shade * np.array(_HORIZON)
        self._sky = Image.fromarray(np.broadcast_to(sky[:, None], (*self._size[::-1], 3)).astype(np.uint8))

    def paint(self, scene: mujoco.MjvScene) -> np.ndarray:
        """The scene as uint8 (height, width, 3)."""
        view = _View(scene, *self._size)
        facets = [f for shape in scene.geoms[: scene.ngeom] for f in self._facets(shape, view)]
        opaque, ghost, veil = self._sky.copy(), Image.new("RGB", self._size), Image.new("L", self._size)
        on_opaque, on_ghost, on_veil = (ImageDraw.Draw(image) for image in (opaque, ghost, veil))
        for facet in sorted(facets, key=lambda f: -f.depth):
            solidly = facet.alpha == 255
            (on_opaque if solidly else on_ghost).polygon(facet.outline, facet.color)
            on_veil.polygon(facet.outline, 0 if solidly else facet.alpha)
        opaque.paste(ghost, mask=_rimless(veil))
        return np.asarray(opaque.reduce(_FINE))

    def close(self) -> None:
        """Nothing is held open."""

    def _facets(self, shape: mujoco.MjvGeom, view: _View) -> Iterator[_Facet]:
        """The facets of one shape that face the camera."""
        body = solid(shape.type, tuple(shape.size.tolist()))
        if body is None:
            return
        turn = shape.mat.astype(float)
        normals = body.normals @ turn.T
        centers = shape.pos + body.centers @ turn.T
        vertices = view.into(shape.pos + body.vertices @ turn.T)
        depths = view.into(centers)[:, 2]
        floor = shape.type == mujoco.mjtGeom.mjGEOM_PLANE.value
        light = 0.58 + 0.75 * np.clip(normals @ _LIGHT, 0, 1)
        if floor:
            light[1:] *= _GRID
        color = 255 * shape.rgba[:3] * self._textures[shape.matid]
        alpha = round(255 * float(shape.rgba[3]))
        if floor:
            depths[:] = np.inf
        elif alpha < 255:  # behind all of an opaque shape in the same place, as a perfect prediction's ghost is
            depths[:] = vertices[:, 2].max() + 1e-6
        for i in np.flatnonzero(((view.eye - centers) * normals).sum(1) > 0):
            outline = view.pixels(vertices[body.facets[i]])
            if len(outline) > 2:
                red, green, blue = np.minimum(color * light[i], 255).astype(int).tolist()
                yield _Facet(depths[i], outline, (red, green, blue), alpha)


def _rimless(veil: Image.Image) -> Image.Image:
    """`veil` less a rim: Pillow rounds outlines to pixels, and a ghost would peep out from behind the truth."""
    if box := veil.getbbox():
        left, top, right, bottom = box
        inside = veil.crop((left - 1, top - 1, right + 1, bottom + 1)).filter(ImageFilter.MinFilter(3))
        veil.paste(inside, (left - 1, top - 1))
    return veil


def _mean_colors(model: mujoco.MjModel) -> np.ndarray:
    """Mean color (nmat + 1, 3), 0 to 1, of each material's texture; white without, and last, for no material (-1)."""
    means = np.ones((model.nmat + 1, 3))
    for material, textures in enumerate(model.mat_texid):
        for texture in textures[textures >= 0]:
            start, channels = model.tex_adr[texture], model.tex_nchannel[texture]
            count = model.tex_width[texture] * model.tex_height[texture] * channels
            texels = model.tex_data[start : start + count].reshape(-1, channels)
            means[material] = texels[:, :3].mean(0) / 255
    return means
