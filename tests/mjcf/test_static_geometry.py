"""Static geometry: planes that are fixed to the world, and geoms that can take part in a contact."""

import mujoco
import numpy as np

from dynax.mjcf.static_geometry import can_touch, moving_bodies_that_touch, static_planes, world_fixed_bodies

GHOST = 'size="1 1 1" contype="0" conaffinity="0"'


def floating(world, flags=""):
    """Return the model of a floating body in a world."""
    xml = f"""<mujoco><option><flag {flags}/></option><worldbody>{world}<body pos="0 0 1"><freejoint/><geom size=".1"/>
    <body pos=".3 0 0"><joint axis="0 1 0"/><geom size=".1"/></body></body></worldbody></mujoco>"""
    return mujoco.MjModel.from_xml_string(xml)


def test_a_plane_has_its_normal():
    normals, planes_only = static_planes(floating('<geom type="plane" size="1 1 1"/>'))
    np.testing.assert_allclose(normals, [[0, 0, 1]])
    assert planes_only


def test_a_box_is_no_plane():
    normals, planes_only = static_planes(floating('<geom type="box" size="1 1 1"/>'))
    assert normals.shape == (0, 3)
    assert not planes_only


def test_a_geom_without_contacts_is_ignored():
    assert static_planes(floating(f'<geom type="box" {GHOST}/>'))[1]


def test_a_mocap_body_is_fixed_to_the_world_but_no_static_plane():
    model = floating('<body mocap="true"><geom type="plane" size="1 1 1"/></body>')
    assert world_fixed_bodies(model).tolist() == [True, True, False, False]
    assert not static_planes(model)[1]


def test_without_contacts_no_geom_can_touch():
    assert can_touch(floating("")).all()
    assert not can_touch(floating("", 'contact="disable"')).any()


def test_only_moving_bodies_are_listed():
    assert moving_bodies_that_touch(floating('<geom type="plane" size="1 1 1"/>')).tolist() == [1, 2]
