"""Vertices, faces and edges of the convex hull of a mesh, limited in number.

Of a large hull, a subset that is spread over the surface is used. The chosen vertices lie within the true hull, and the
chosen faces enclose it. A small hull is represented exactly.
"""

import mujoco
import numpy as np
from jaxtyping import Float, Int

MAX_VERTICES = 16
MAX_FACES = 64
MAX_EDGES = 128


Tables = tuple[Float[np.ndarray, "P 3"], Float[np.ndarray, "F 4"], Float[np.ndarray, "E 2 3"]]


class Hulls:
    """The convex hulls of the meshes of a model; each is computed when it is first requested."""

    def __init__(self, model: mujoco.MjModel):
        self._model, self._tables = model, {}

    def __getitem__(self, mesh: int) -> Tables:
        """Return the vertices, the faces (normal and offset) and the edges (two ends) of a mesh, in the geom frame."""
        if mesh not in self._tables:
            hull = _hull_vertices(self._model, mesh)
            faces, edges = _faces(self._model, mesh, hull), _edges(self._model, mesh)
            self._tables[mesh] = hull[spread(hull, MAX_VERTICES)], faces, edges
        return self._tables[mesh]


def spread(points: Float[np.ndarray, "P 3"], count: int) -> Int[np.ndarray, " K"]:
    """Return increasing indices of at most `count` points by farthest point sampling."""
    farthest = int(np.linalg.norm(points - points.mean(axis=0), axis=1).argmax())
    distance, chosen = np.full(len(points), np.inf), [farthest]
    for _ in range(min(count, len(points)) - 1):
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
        chosen.append(int(distance.argmax()))
    return np.sort(np.unique(chosen))


def _hull_vertices(model: mujoco.MjModel, mesh: int) -> np.ndarray:
    """Return the vertices (P, 3) of the convex hull, or all vertices if the model has no hull of the mesh."""
    start = model.mesh_vertadr[mesh]
    vertices = model.mesh_vert[start : start + model.mesh_vertnum[mesh]].astype(float)
    graph = model.mesh_graphadr[mesh]
    if graph < 0:
        return vertices
    count = model.mesh_graph[graph]
    return vertices[model.mesh_graph[graph + 2 + count : graph + 2 + 2 * count]]


def _faces(model: mujoco.MjModel, mesh: int, hull: np.ndarray) -> np.ndarray:
    """Return the planes (F, 4) of the faces of the convex hull."""
    start = model.mesh_polyadr[mesh]
    normals = model.mesh_polynormal[start : start + model.mesh_polynum[mesh]]
    normals = normals[spread(normals, MAX_FACES)]
    return np.concatenate([normals, (normals @ hull.T).max(axis=1, keepdims=True)], axis=1)


def _edges(model: mujoco.MjModel, mesh: int) -> np.ndarray:
    """Return the edges (E, 2, 3) of the convex hull."""
    pairs: set[tuple[int, int]] = set()
    for polygon in range(model.mesh_polyadr[mesh], model.mesh_polyadr[mesh] + model.mesh_polynum[mesh]):
        start = model.mesh_polyvertadr[polygon]
        loop = model.mesh_polyvert[start : start + model.mesh_polyvertnum[polygon]].tolist()
        pairs |= {(min(ends), max(ends)) for ends in zip(loop, [*loop[1:], loop[0]], strict=True)}
    edges = model.mesh_vert[model.mesh_vertadr[mesh] + np.array(sorted(pairs))].astype(float)
    return edges[spread(edges.mean(axis=1), MAX_EDGES)]
