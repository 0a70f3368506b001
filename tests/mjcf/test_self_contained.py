"""A saved model file loads nothing but its saved assets."""

import mujoco
import pytest

from dynax.errors import UserError
from dynax.mjcf.self_contained import check_self_contained

MESH = "<mujoco><asset><mesh file='{}'/></asset></mujoco>"
OUTSIDE = [
    MESH.format("/etc/passwd"),
    MESH.format("../b.stl"),
    MESH.format("&#98;.stl"),
    MESH.format("a&amp;.stl"),
    "<mujoco><include file='b.xml'/></mujoco>",
    '<mujoco><include\nfile = "b.xml"/></mujoco>',
    '<mujoco><asset><mesh name="file=\'" file="/b.stl"/><mesh name="/a.stl\'" file="a.stl"/></asset></mujoco>',
    '<mujoco><![CDATA[<!--]]><asset><mesh file="b.stl"/></asset><!-- --></mujoco>',
    "<mujoco><worldbody><flexcomp name='f' type='mesh' file='b.stl'/></worldbody></mujoco>",
    "<mujoco><asset><skin file='b.skn'/><hfield file='a.stl'/></asset></mujoco>",
    "<mujoco><plugin><instance><config key='file' value='/b.stl'/></instance></plugin></mujoco>",
    "<mujoco><asset><texture type='cube' fileright='b.png'/></asset></mujoco>",
    "<mujoco><asset><model name='m' file='b.xml'/></asset></mujoco>",
    "<robot><link><visual><geometry><mesh filename='package://b.stl'/></geometry></visual></link></robot>",
]


@pytest.mark.parametrize("text", OUTSIDE)
def test_files_outside_are_refused(text):
    with pytest.raises(UserError, match=r"the model loads the file .*, which is not among its saved assets"):
        check_self_contained(text, {"a.stl": b""}, "the model")


HIDDEN = [
    '<!DOCTYPE mujoco [<!ENTITY e "x">]><mujoco/>',
    "<!DOCTYPE mujoco SYSTEM \"><mesh file='/b.stl'/>\"><mujoco/>",
    '<mujoco>< include\nfile = "b.xml"/></mujoco>',
    '<mujoco><mesh name="<!--" file="/b.stl"/><mesh name="-->"/></mujoco>',
    '<mujoco><mesh name="<!-- " --> file="/b.stl"/></mujoco>',
    "<mujoco><mesh file='/a\n.stl'/></mujoco>",
    "<mujoco><mesh file='b.stl' file='a.stl'/></mujoco>",
    "<mujoco><mesh file='b.stl&#0;'/></mujoco>",
    "<mujoco/><mesh file='b.stl'/>",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_texts_that_parsers_read_differently_are_refused(text):
    with pytest.raises(UserError, match=r"the model is not well-formed XML, so that its files cannot be checked: "):
        check_self_contained(text, {"a.stl": b"", "a .stl": b""}, "the model")


@pytest.mark.parametrize("comment", ["<include file='b.xml'/>", "it's -- <mesh", "-", "\n'"])
def test_comments_are_ignored(comment):
    check_self_contained(f"<!--{comment}--><mujoco>\n<!--{comment}--></mujoco><!--{comment}-->", {}, "the model")


@pytest.mark.parametrize("name", ["a.stl", "meshes/a.stl", "C:\\\\a.stl", "&#97;.stl"])
def test_assets_are_accepted(name):
    check_self_contained(MESH.format(name), {"a.stl": b""}, "the model")
    check_self_contained(MESH.format(""), {}, "the model")


def test_included_assets_are_checked():
    text, nested = "<mujoco><include file='a.xml'/></mujoco>", b"<mujocoinclude><include file='%s'/></mujocoinclude>"
    check_self_contained(text, {"a.xml": b"<mujocoinclude/>"}, "the model")
    with pytest.raises(UserError, match="loads the file /etc/passwd"):
        check_self_contained(text, {"a.xml": nested % b"/etc/passwd"}, "the model")
    with pytest.raises(UserError, match="loads the file /etc/passwd"):  # MuJoCo ignores the case of assets
        check_self_contained(text, {"a.xml": b"<mujoco/>", "b/A.XML": nested % b"/etc/passwd"}, "the model")
    with pytest.raises(UserError, match="is not well-formed XML"):
        check_self_contained(text, {"a.xml": b"\xff<mujoco/>"}, "the model")
    check_self_contained(text, {"a.xml": nested % b"a.xml"}, "the model")


def test_a_folder_does_not_lead_outside(tmp_path):
    """The check relies on this: the folder of the compiler element does not change the name of an asset."""
    (tmp_path / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n")
    text = MESH.format("a.obj").replace("<asset>", f"<compiler meshdir='{tmp_path}'/><asset>")
    mujoco.MjModel.from_xml_string(text)
    with pytest.raises(ValueError, match="at least 4 vertices"):
        mujoco.MjModel.from_xml_string(text, {"a.obj": b"garbage"})


def test_mujoco_prefers_assets_to_the_disk(tmp_path):
    """The check relies on this: MuJoCo looks up the name without folders among the assets first."""
    outside = tmp_path / "a.obj"
    outside.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n")
    mujoco.MjModel.from_xml_string(MESH.format(outside))
    with pytest.raises(ValueError, match="at least 4 vertices"):
        mujoco.MjModel.from_xml_string(MESH.format(outside), {"a.obj": b"garbage"})
