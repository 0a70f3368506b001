"""The convex hulls of meshes: farthest point sampling, and batches of different meshes."""

import mujoco
import numpy as np
import pytest

from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.collision.mesh import spread
from dynax.mechanics.collision.pairs import pairs_for_features


def reference(points, count):
    """Return farthest points by the definition: each choice maximizes the distance from all earlier ones."""
    distance = np.linalg.norm(points - points.mean(axis=0), axis=1)
    chosen = []
    for _ in range(min(count, len(points))):
        chosen.append(int(distance.argmax()))
        distance = np.linalg.norm(points[:, None] - points[chosen], axis=2).min(axis=1)
    return np.sort(np.unique(chosen))


@pytest.mark.parametrize("count", [1, 2, 16, 300])
def test_farthest_points_maximize_the_distance_from_earlier_ones(count):
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(size=(150, 3)), np.zeros((4, 3)), np.ones((3, 3))])
    np.testing.assert_array_equal(spread(points, count), reference(points, count))


def rocks(count):
    """Return loose rocks, each with a mesh of its own, over a floor."""
    rng, meshes, bodies = np.random.default_rng(0), "", ""
    for i in range(count):
        vertices = rng.normal(size=(200, 3))
        vertices *= 0.1 / np.linalg.norm(vertices, axis=1, keepdims=True)
        meshes += f'<mesh name="m{i}" vertex="{" ".join(map(str, vertices.ravel()))}"/>'
        bodies += f'<body pos="{i} 0 1"><freejoint/><geom type="mesh" mesh="m{i}"/></body>'
    floor = '<geom type="plane" size="1 1 1"/>'
    return mujoco.MjModel.from_xml_string(
        f"<mujoco><asset>{meshes}</asset><worldbody>{floor}{bodies}</worldbody></mujoco>"
    )


def test_large_meshes_share_a_batch_so_that_the_program_does_not_grow_with_their_number():
    model = rocks(5)
    contacts = Contacts.between(model, pairs_for_features(model)[0])
    assert len(contacts.batches) == 2  # with the floor, and with each other
    assert [len(batch.max_distance) for batch in contacts.batches] == [5, 6]
    assert 0 < contacts.states_at_once < 20_000
