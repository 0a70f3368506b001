"""The contacts of two solids: for each pair of shapes, a function that returns a fixed number of contacts.

The number does not depend on the poses, so that the functions compile. Four methods are used:

    exact      MuJoCo's contacts, and its selection among them. Plane with sphere, capsule, ellipsoid, cylinder, box;
               sphere with sphere, capsule, cylinder, box; capsule with capsule.
    nearest    The nearest points. Sphere with ellipsoid or mesh, within 1 nm of MuJoCo. Capsule with ellipsoid,
               cylinder, box or mesh, within 1 um: both ends, and the deepest point between them. If a capsule lies on
               a face, MuJoCo's two contacts are within the face, but these are the ends, even beyond the face.
    deepest    One point: ellipsoid with ellipsoid, cylinder, box, mesh.
    corners    The points of each shape against the other: cylinder, box and mesh with each other. Two crossing edges
               have no contact until a corner penetrates. All points of a mesh touch a plane; MuJoCo uses three.
               Of a large mesh, a subset of the points, faces and edges of its convex hull is used.

The differences from MuJoCo's least distances were measured for shapes of about 0.2 m, at distances between -0.02 m and
0.02 m. The differences of `deepest` have a median of at most 0.05 mm, and 90 % are below 20 mm. The differences of
`corners` have a median of at most 7 mm, and 90 % are below 60 mm. Large differences occur where edges cross.
"""

from dynax.mechanics.collision.capsule_contacts import capsule_on, capsules
from dynax.mechanics.collision.convex_contacts import corners, ellipsoid_on, sphere_on
from dynax.mechanics.collision.distances import DISTANCES
from dynax.mechanics.collision.pair_contacts import Collide
from dynax.mechanics.collision.plane_contacts import (
    box_on_plane,
    capsule_on_plane,
    cylinder_on_plane,
    ellipsoid_on_plane,
    points_on_plane,
    sphere_on_plane,
)
from dynax.mechanics.collision.shapes import BOX, CAPSULE, CYLINDER, ELLIPSOID, MESH, PLANE, SPHERE

POLYHEDRA = (CYLINDER, BOX, MESH)  # shapes whose points touch others

COLLIDE: dict[tuple[int, int], Collide] = {
    (PLANE, SPHERE): sphere_on_plane,
    (PLANE, CAPSULE): capsule_on_plane,
    (PLANE, ELLIPSOID): ellipsoid_on_plane,
    (PLANE, CYLINDER): cylinder_on_plane,
    (PLANE, BOX): box_on_plane,
    (PLANE, MESH): points_on_plane,
    **{(SPHERE, kind): sphere_on(DISTANCES[kind]) for kind in (SPHERE, CAPSULE, ELLIPSOID, *POLYHEDRA)},
    (CAPSULE, CAPSULE): capsules,
    **{(CAPSULE, kind): capsule_on(DISTANCES[kind]) for kind in (ELLIPSOID, *POLYHEDRA)},
    **{(ELLIPSOID, kind): ellipsoid_on(DISTANCES[kind]) for kind in (ELLIPSOID, *POLYHEDRA)},
    **{
        (first, second): corners(DISTANCES[first], DISTANCES[second])
        for first in POLYHEDRA
        for second in POLYHEDRA
        if first <= second
    },
}
"""The functions by the types of both geoms. The lower type comes first, as in MuJoCo."""
