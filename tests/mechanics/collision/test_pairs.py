"""Tests of which geoms may touch, and with which parameters, against MuJoCo."""

import mujoco
import numpy as np
import pytest

from dynax.errors import UserError
from dynax.mechanics.collision.budget import MAX_SLOTS, slot_counts
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.collision.pairs import mujoco_pairs, pairs_for_features

SHAPES = ("sphere", "capsule", "ellipsoid", "cylinder", "box")
IMMOVABLE = 3  # value of `contact.exclude` if neither body can move
RULES = """<mujoco><compiler angle="radian"/><option><flag %s/></option>
<default><geom size="9" condim="3"/></default><worldbody>
<geom name="floor" type="plane" size="1 1 1"/><geom name="post" priority="1" friction=".3" margin=".1"/>
<body><geom name="static"/><body><joint/><geom name="on_static" solmix="3" solref=".03 .8" condim="4"/></body></body>
<body mocap="true"><geom name="mocap" solimp=".5 .8 .1 .4 3"/><body><geom name="welded_to_mocap"/></body></body>
<body name="base"><freejoint/><geom name="base" friction=".2 .1 .05" gap=".2"/><geom name="base2" solmix="0"/>
  <body name="welded"><geom name="welded" solref="-100 -5"/>
    <body name="child"><joint/><geom name="child" priority="2" condim="1" solimp=".6 .7 .2"/>
      <body name="grandchild"><joint/><geom name="grandchild" contype="2" conaffinity="1" solmix="0"/></body>
    </body></body>
  <body name="other"><joint/><geom name="other" contype="0" conaffinity="2" margin=".3"/></body>
</body>
<body name="apart"><joint type="slide"/><geom name="apart" solref="-200 -3"/><geom contype="0" conaffinity="0"/></body>
</worldbody><contact><exclude body1="apart" body2="grandchild"/>
<pair geom1="apart" geom2="base" condim="6" friction="1 2 3 4 5" margin=".4" gap=".1" solreffriction=".1 .9"/>
<pair geom1="child" geom2="base2" solref=".1 .2" solimp=".1 .2 .3 .4 5"/><pair geom1="static" geom2="mocap"/></contact>
</mujoco>"""


@pytest.fixture(scope="module", params=['filterparent="enable"', 'filterparent="disable"', 'override="enable"'])
def overlapping(request):
    """Spheres of 9 m at one position, so that all possible contacts occur, with MuJoCo's data."""
    model = mujoco.MjModel.from_xml_string(RULES % request.param)
    model.opt.o_margin, model.opt.o_solref, model.opt.o_friction = 0.2, [0.05, 0.7], [0.5, 0.6, 0.1, 0.2, 0]
    data = mujoco.MjData(model)
    data.qpos[:] = np.random.default_rng(0).normal(0, 0.1, model.nq)
    mujoco.mj_forward(model, data)
    return model, data


def test_candidates_are_the_pairs_that_mujoco_collides(overlapping):
    model, data = overlapping
    pairs = [pair[:2] for pair in mujoco_pairs(model)]
    assert len(set(pairs)) == len(pairs) > 30
    assert set(pairs) == {tuple(contact.geom.tolist()) for contact in data.contact if contact.exclude != IMMOVABLE}


def test_parameters_match_mujoco(overlapping):
    model, data = overlapping
    contacts = Contacts.between(model, mujoco_pairs(model))
    for contact in data.contact:
        if contact.exclude == IMMOVABLE:
            continue
        slot = np.flatnonzero((contacts.geom1 == contact.geom[0]) & (contacts.geom2 == contact.geom[1]))[0]
        parameters = contacts.parameters.take(slot)
        assert parameters.condim == contact.dim
        assert parameters.margin == pytest.approx(contact.includemargin)
        for name in ("friction", "solref", "solreffriction", "solimp"):
            np.testing.assert_allclose(getattr(parameters, name), getattr(contact, name), rtol=1e-12, err_msg=name)


def test_contacts_of_mocap_bodies_are_left_out():
    """Their poses are actions, and contacts are detected from the state."""
    xml = """<mujoco><worldbody><body><freejoint/><geom name="ball" size=".1"/></body>
    <body mocap="true"><body><geom name="hand" size=".1"/></body></body></worldbody></mujoco>"""
    pairs, omitted_text = pairs_for_features(mujoco.MjModel.from_xml_string(xml))
    assert (pairs, omitted_text) == ([], "a mocap body (between `ball` and `hand`)")


def balls(count):
    bodies = "".join(f'<body pos="{i} 0 1"><freejoint/><geom size=".1"/></body>' for i in range(count))
    return mujoco.MjModel.from_xml_string(
        f'<mujoco><worldbody><geom type="plane" size="1 1 1"/>{bodies}</worldbody></mujoco>'
    )


def test_too_many_pairs_are_reduced_to_those_with_static_geometry():
    pairs, omitted_text = pairs_for_features(balls(10))
    assert (len(pairs), omitted_text) == (55, "")
    pairs, omitted_text = pairs_for_features(balls(30))
    assert len(pairs) == 30
    reason = "with more than 300 pairs, only those with static geometry remain"
    assert omitted_text == f"435 of 465 pairs of geoms ({reason})"
    with pytest.raises(UserError, match=r"contacts of 435 of 465 pairs .* are not supported: exclude them in the MJCF"):
        Contacts.of(balls(30))


def test_a_network_follows_the_pairs_that_are_closest_in_the_default_pose():
    model = balls(340)
    pairs, omitted_text = pairs_for_features(model)
    assert len(pairs) == MAX_SLOTS
    assert omitted_text.startswith("57630 of 57970 pairs of geoms (with more than 300 pairs")
    assert omitted_text.endswith("and 40 of 340 pairs of geoms (the closest ones have 300 slots)")
    boxes = "".join(f'<body pos="0 0 {i + 1}"><freejoint/><geom type="box" size=".1 .1 .1"/></body>' for i in range(50))
    floor = '<geom type="plane" size="1 1 1"/>'
    model = mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{floor}{boxes}</worldbody></mujoco>")
    pairs, omitted_text = pairs_for_features(model)
    assert [pair[1] for pair in pairs] == list(range(1, 1 + MAX_SLOTS // 8))  # the lowest boxes
    assert omitted_text.endswith("and 13 of 50 pairs of geoms (the closest ones have 300 slots)")


@pytest.mark.slow
@pytest.mark.parametrize("first", ["plane", *SHAPES])
@pytest.mark.parametrize("second", SHAPES)
def test_the_number_of_slots_of_a_pair_is_known_in_advance(first, second):
    geom = '<geom type="{}" size=".1 .1 .1"/>'
    model = mujoco.MjModel.from_xml_string(
        f"<mujoco><worldbody>{geom.format(first)}<body><freejoint/>{geom.format(second)}</body></worldbody></mujoco>"
    )
    [pair] = mujoco_pairs(model)
    contacts = Contacts.between(model, [pair])
    assert slot_counts(model, np.array([pair])).tolist() == [contacts.batches[0].contacts_per_pair] == [len(contacts)]
