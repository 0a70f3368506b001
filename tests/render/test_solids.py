"""The facets of the software backend have the shape of the geoms."""

from itertools import pairwise

import mujoco
import numpy as np
import pytest

from dynax.render.solids import solid

VOLUMES = {
    "BOX": ((0.2, 0.3, 0.4), 8 * 0.2 * 0.3 * 0.4),
    "CYLINDER": ((0.2, 0.2, 0.5), np.pi * 0.2**2 * 1.0),
    "CAPSULE": ((0.2, 0.2, 0.5), np.pi * 0.2**2 * 1.0 + 4 / 3 * np.pi * 0.2**3),
    "SPHERE": ((0.3, 0.3, 0.3), 4 / 3 * np.pi * 0.3**3),
    "ELLIPSOID": ((0.1, 0.2, 0.3), 4 / 3 * np.pi * 0.1 * 0.2 * 0.3),
}


@pytest.mark.parametrize("name", VOLUMES)
def test_the_facets_enclose_the_volume_of_the_shape_and_their_normals_point_outward(name):
    size, volume = VOLUMES[name]
    body = solid(getattr(mujoco.mjtGeom, f"mjGEOM_{name}").value, size)
    enclosed = 0.0
    for facet in body.facets:  # divergence theorem over triangles
        loop = body.vertices[facet]
        enclosed += sum(np.linalg.det([loop[0], a, b]) for a, b in pairwise(loop[1:])) / 6
    assert enclosed == pytest.approx(volume, rel=0.06)
    assert ((body.centers * body.normals).sum(1) > 0).all()
    assert np.linalg.norm(body.normals, axis=1) == pytest.approx(1)


def test_a_plane_is_one_facet_with_a_grid_of_lines():
    plane = solid(mujoco.mjtGeom.mjGEOM_PLANE.value, (4.0, 2.0, 0.5))
    corners = plane.vertices[plane.facets[0]]
    assert (corners.min(0).tolist(), corners.max(0).tolist()) == ([-4, -2, 0], [4, 2, 0])
    assert np.array_equal(plane.normals, np.tile([0, 0, 1], (len(plane.facets), 1)))
    assert len(plane.facets) > 20


def test_a_height_field_has_no_facets():
    assert solid(mujoco.mjtGeom.mjGEOM_HFIELD.value, (1.0, 1.0, 1.0)) is None
