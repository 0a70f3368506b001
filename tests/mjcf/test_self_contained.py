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
    '<mujoco>< include\nfile = "b.xml"/></mujoco>',
    "<mujoco><asset><texture type='cube' fileright='b.png'/></asset></mujoco>",
    "<mujoco><asset><model name='m' file='b.xml'/></asset></mujoco>",
    "<robot><link><visual><geometry><mesh filename='package://b.stl'/></geometry></visual></link></robot>",
]


@pytest.mark.parametrize("text", OUTSIDE)
def test_files_outside_are_refused(text):
    with pytest.raises(UserError, match=r"the model loads the file .*, which is not among its saved assets"):
        check_self_contained(text, {"a.stl": b""}, "the model")


@pytest.mark.parametrize("name", ["a.stl", "meshes/a.stl", "C:\\\\a.stl", "&#97;.stl"])
def test_assets_are_accepted(name):
    check_self_contained(MESH.format(name), {"a.stl": b""}, "the model")
    check_self_contained(MESH.format(""), {}, "the model")


def test_included_assets_are_checked():
    text, nested = "<mujoco><include file='a.xml'/></mujoco>", b"<mujocoinclude><include file='%s'/></mujocoinclude>"
    check_self_contained(text, {"a.xml": b"<mujocoinclude/>"}, "the model")
    with pytest.raises(UserError, match="loads the file /etc/passwd"):
        check_self_contained(text, {"a.xml": nested % b"/etc/passwd"}, "the model")


def test_mujoco_prefers_assets_to_the_disk(tmp_path):
    """The check relies on this: MuJoCo looks up the name without folders among the assets first."""
    outside = tmp_path / "a.obj"
    outside.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n")
    mujoco.MjModel.from_xml_string(MESH.format(outside))
    with pytest.raises(ValueError, match="at least 4 vertices"):
        mujoco.MjModel.from_xml_string(MESH.format(outside), {"a.obj": b"garbage"})
