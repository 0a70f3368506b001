"""The software backend, which draws a scene with Pillow if OpenGL is not available.

It draws the same shapes, colors and ghost with the same camera as OpenGL. It projects the flat facets of the shapes and
draws them from back to front. There are no shadows and no textures, and intersecting facets are not cut.
"""

from collections.abc import Iterator
from typing import NamedTuple

import mujoco
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFilter

from dynax.render.pinhole import Pinhole
from dynax.render.solids import Solid, solid

_OVERSAMPLING = 2  # pictures are drawn larger and then reduced, for smooth edges
_HORIZON, _ZENITH = (222, 231, 242), (150, 172, 202)
_LIGHT = np.array([-0.40, -0.62, 0.68])  # unit vector towards the light, world frame
_GRID_BRIGHTNESS = 0.93  # of the grid on a plane, relative to the plane


class Facet(NamedTuple):
    """A projected facet."""

    depth: float  # distance from the camera, m; facets are sorted by it
    outline: list[tuple[float, float]]  # corners, pixels
    color: tuple[int, int, int]
    alpha: int  # 255 is opaque


class SoftwarePainter:
    """A painter of scenes into pictures of `width` x `height` pixels."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int):
        self._size = (width * _OVERSAMPLING, height * _OVERSAMPLING)
        self._texture_colors = _mean_texture_colors(model)
        height_share = np.linspace(0, 1, self._size[1])[:, None] ** 0.8
        sky = (1 - height_share) * np.array(_ZENITH) + height_share * np.array(_HORIZON)
        self._sky = Image.fromarray(np.broadcast_to(sky[:, None], (*self._size[::-1], 3)).astype(np.uint8))

    def paint(self, scene: mujoco.MjvScene) -> UInt8[np.ndarray, "H W 3"]:
        """Return the picture of a scene."""
        camera = Pinhole(scene, *self._size)
        facets = [f for shape in scene.geoms[: scene.ngeom] for f in self._facets(shape, camera)]
        opaque, ghost, mask = self._sky.copy(), Image.new("RGB", self._size), Image.new("L", self._size)
        on_opaque, on_ghost, on_mask = (ImageDraw.Draw(image) for image in (opaque, ghost, mask))
        for facet in sorted(facets, key=lambda f: -f.depth):
            is_opaque = facet.alpha == 255
            (on_opaque if is_opaque else on_ghost).polygon(facet.outline, facet.color)
            on_mask.polygon(facet.outline, 0 if is_opaque else facet.alpha)
        opaque.paste(ghost, mask=_eroded(mask))
        return np.asarray(opaque.reduce(_OVERSAMPLING))

    def close(self) -> None:
        """Do nothing, because the painter holds no resources."""

    def _facets(self, shape: mujoco.MjvGeom, camera: Pinhole) -> Iterator[Facet]:
        """Yield the facets of a shape that face the camera."""
        body = solid(shape.type, tuple(shape.size.tolist()))
        if body is None:
            return
        body = body.moved(shape.pos.astype(float), shape.mat.astype(float))
        vertices = camera.to_camera(body.vertices)
        depths, light = _depths(shape, camera, body, vertices), _brightness(shape, body)
        color = 255 * shape.rgba[:3] * self._texture_colors[shape.matid]
        alpha = round(255 * float(shape.rgba[3]))
        for i in np.flatnonzero(((camera.eye - body.centers) * body.normals).sum(1) > 0):
            outline = camera.pixels(vertices[body.facets[i]])
            if len(outline) > 2:
                red, green, blue = np.minimum(color * light[i], 255).astype(int).tolist()
                yield Facet(depths[i], outline, (red, green, blue), alpha)


def _is_plane(shape: mujoco.MjvGeom) -> bool:
    return shape.type == mujoco.mjtGeom.mjGEOM_PLANE.value


def _brightness(shape: mujoco.MjvGeom, body: Solid) -> Float[np.ndarray, " F"]:
    brightness = 0.58 + 0.75 * np.clip(body.normals @ _LIGHT, 0, 1)
    if _is_plane(shape):
        brightness[1:] *= _GRID_BRIGHTNESS
    return brightness


def _depths(
    shape: mujoco.MjvGeom, camera: Pinhole, body: Solid, vertices: Float[np.ndarray, "V 3"]
) -> Float[np.ndarray, " F"]:
    """Return the depths of the facets in m. `vertices` are in the camera frame.

    A plane lies behind everything else. A translucent shape lies behind an opaque shape at the same place, so that the
    ghost of a perfect prediction is hidden.
    """
    if _is_plane(shape):
        return np.full(len(body.facets), np.inf)
    if shape.rgba[3] < 254.5 / 255:
        return np.full(len(body.facets), vertices[:, 2].max() + 1e-6)
    return camera.to_camera(body.centers)[:, 2]


def _eroded(mask: Image.Image) -> Image.Image:
    """Return `mask` without its outermost pixels.

    Pillow rounds outlines to pixels. Without erosion, the edges of a hidden ghost would be visible beside the robot.
    """
    if box := mask.getbbox():
        left, top, right, bottom = box
        inside = mask.crop((left - 1, top - 1, right + 1, bottom + 1)).filter(ImageFilter.MinFilter(3))
        mask.paste(inside, (left - 1, top - 1))
    return mask


def _mean_texture_colors(model: mujoco.MjModel) -> Float[np.ndarray, "N 3"]:
    """Return the mean texture color, from 0 to 1, of each material, and white at the end for shapes without material.

    Materials without texture are white.
    """
    means = np.ones((model.nmat + 1, 3))
    for material, textures in enumerate(model.mat_texid):
        for texture in textures[textures >= 0]:
            start, channels = model.tex_adr[texture], model.tex_nchannel[texture]
            count = model.tex_width[texture] * model.tex_height[texture] * channels
            texels = model.tex_data[start : start + count].reshape(-1, channels)
            means[material] = texels[:, :3].mean(0) / 255
    return means
