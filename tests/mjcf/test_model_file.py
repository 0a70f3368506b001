"""A model file with its assets: the text and the assets rebuild the robot without the original files.

This file is long because it contains small MJCF and URDF files, with the binary meshes that they load.
"""

import shutil
import struct

import mujoco
import numpy as np
import pytest
from PIL import Image

from dynax.envs import MjcfEnv
from dynax.errors import UserError
from dynax.mjcf.model_file import read_model_file
from dynax.mjcf.self_contained import check_self_contained

CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
FACES = ((0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3))
JOINT = '<joint name="swing" axis="0 1 0"/>'


def tetrahedron(size=0.1):
    """Return the text of an OBJ file."""
    corners = "".join(f"v {x} {y} {z}\n" for x, y, z in size * CORNERS)
    return corners + "".join(f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in FACES)


def stl(size=0.1):
    """Return the same mesh as a binary STL file."""
    triangles = b"".join(struct.pack("<12fH", *[0.0] * 3, *(size * CORNERS[list(f)]).ravel(), 0) for f in FACES)
    return bytes(80) + struct.pack("<I", len(FACES)) + triangles


def png(path, color=(200, 50, 50), size=(4, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)


@pytest.fixture
def folder(tmp_path):
    """The folder of the robot's files."""
    (tmp_path / "robot").mkdir()
    return tmp_path / "robot"


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)
    return path


def robot(folder, asset, geom='<geom type="mesh" mesh="m"/>', head="", name="arm.xml"):
    """Write the MJCF of a robot with one joint, and return its path."""
    body = f'<body>{JOINT}<geom size=".01"/>{geom}</body>'
    text = f"<mujoco>{head}<asset>{asset}</asset><worldbody>{body}</worldbody></mujoco>"
    return write(folder / name, text)


def rebuilt(path):
    """Return the model rebuilt after its files are deleted, and its assets."""
    before = mujoco.MjModel.from_xml_path(str(path))
    text, assets = read_model_file(path, "xml")
    shutil.rmtree(path.parent)
    after = mujoco.MjModel.from_xml_string(text, assets)
    assert_same(before, after)
    return after, assets


def assert_same(one, other):
    """Assert that two models have the same sizes and the same motion without control."""
    for size in ("nq", "nv", "nbody", "ngeom", "nmesh", "nmeshvert", "ntexdata", "nhfielddata"):
        assert getattr(one, size) == getattr(other, size), size
    ends = []
    for model in (one, other):
        data = mujoco.MjData(model)
        data.qvel[:] = 1
        mujoco.mj_step(model, data, 50)
        ends.append(np.concatenate([data.qpos, data.qvel]))
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-6, atol=1e-9)
    assert np.array_equal(one.tex_data, other.tex_data)
    np.testing.assert_allclose(one.mesh_vert, other.mesh_vert, atol=1e-6)


def test_a_file_without_assets_is_returned_unchanged(folder):
    path = robot(folder, "", geom="")
    assert read_model_file(path, "xml") == (path.read_text(), {})


@pytest.mark.parametrize("include", ["", '<include file="part.xml"/>'])
@pytest.mark.parametrize("place", [0, len("<mujoco>")])
@pytest.mark.parametrize("comment", ['<include file="gone.xml"/>', " a -- b -"])
def test_a_comment_may_name_a_file(folder, include, place, comment):
    write(folder / "part.xml", "<mujocoinclude><option timestep='.003'/></mujocoinclude>")
    path = robot(folder, "", geom="", head=include)
    text = path.read_text()
    path.write_text(f"{text[:place]}<!--{comment}-->{text[place:]}")
    text, assets = read_model_file(path, "xml")
    check_self_contained(text, assets, "the model")
    assert include or comment in text
    rebuilt(path)


def test_a_text_that_is_not_strict_xml_is_written_anew(folder):
    path = robot(folder, "", geom='<site name="a&b"/>')
    text, assets = read_model_file(path, "xml")
    check_self_contained(text, assets, "the model")
    assert 'name="a&amp;b"' in text
    rebuilt(path)


def test_a_mesh_in_a_subfolder_is_an_asset(folder):
    write(folder / "parts" / "m.obj", tetrahedron())
    _, assets = rebuilt(robot(folder, '<mesh name="m" file="parts/m.obj"/>'))
    assert assets == {"m.obj": tetrahedron().encode()}


def test_an_stl_mesh_is_an_asset(folder):
    write(folder / "m.stl", stl())
    assert list(rebuilt(robot(folder, '<mesh name="m" file="m.stl"/>'))[1]) == ["m.stl"]


def test_a_mesh_outside_the_folder_is_an_asset(folder):
    write(folder.parent / "common" / "m.obj", tetrahedron())
    rebuilt(robot(folder, '<mesh name="m" file="../common/m.obj"/>'))


@pytest.mark.parametrize("where", ["meshdir", "assetdir"])
def test_the_folder_of_the_compiler_element_is_used(folder, where):
    write(folder / "deep" / "er" / "m.obj", tetrahedron())
    rebuilt(robot(folder, '<mesh name="m" file="er/m.obj"/>', head=f'<compiler {where}="deep"/>'))


def test_strippath_removes_the_folders_of_a_path(folder):
    write(folder / "deep" / "m.obj", tetrahedron())
    head = '<compiler meshdir="deep" strippath="true"/>'
    rebuilt(robot(folder, '<mesh name="m" file="/home/somebody/m.obj"/>', head=head))


def test_two_files_with_the_same_name_are_two_assets(folder):
    write(folder / "left" / "m.obj", tetrahedron(0.1))
    write(folder / "right" / "m.obj", tetrahedron(0.2))
    two = '<mesh name="m" file="left/m.obj"/><mesh name="n" file="right/m.obj"/>'
    geoms = '<geom type="mesh" mesh="m"/><geom type="mesh" mesh="n"/>'
    model, assets = rebuilt(robot(folder, two, geom=geoms))
    assert sorted(assets.values()) == sorted(tetrahedron(size).encode() for size in (0.1, 0.2))
    assert model.nmesh == 2


def test_a_file_that_is_loaded_twice_is_one_asset(folder):
    write(folder / "m.obj", tetrahedron())
    two = '<mesh name="m" file="m.obj"/><mesh name="n" file="m.obj" scale="2 2 2"/>'
    _, assets = rebuilt(robot(folder, two, geom='<geom type="mesh" mesh="m"/><geom type="mesh" mesh="n"/>'))
    assert list(assets) == ["m.obj"]


def test_a_texture_is_an_asset(folder):
    png(folder / "pictures" / "skin.png")
    look = '<texture name="t" type="2d" file="skin.png"/><material name="paint" texture="t"/>'
    geom = '<geom size=".1" material="paint"/>'
    model, assets = rebuilt(robot(folder, look, geom=geom, head='<compiler texturedir="pictures"/>'))
    assert list(assets) == ["skin.png"]
    assert model.ntex == 1


def test_the_six_sides_of_a_cube_texture_are_assets(folder):
    sides = ("right", "left", "up", "down", "front", "back")
    for i, side in enumerate(sides):
        png(folder / f"{side}.png", (40 * i, 0, 0))
    files = " ".join(f'file{side}="{side}.png"' for side in sides)
    _, assets = rebuilt(robot(folder, f'<texture name="sky" type="skybox" {files}/>', geom=""))
    assert sorted(assets) == sorted(f"{side}.png" for side in sides)


def test_a_height_field_is_an_asset(folder):
    png(folder / "hills.png", size=(8, 8))
    hills = '<hfield name="hills" file="hills.png" size="1 1 .1 .1"/>'
    _, assets = rebuilt(robot(folder, hills, geom='<geom size=".1"/>'))
    assert list(assets) == ["hills.png"]


def test_an_included_file_is_written_out_with_its_assets(folder):
    write(folder / "m.obj", tetrahedron())
    write(folder / "parts.xml", '<mujoco><asset><mesh name="m" file="m.obj"/></asset></mujoco>')
    path = robot(folder, "", head='<include file="parts.xml"/>')
    model, assets = rebuilt(path)
    assert (model.nmesh, list(assets)) == (1, ["m.obj"])


def test_an_attached_model_is_written_out(folder):
    write(
        folder / "hand.xml",
        '<mujoco><worldbody><body name="hand"><joint/><geom size=".1"/></body></worldbody></mujoco>',
    )
    text = f"""<mujoco><asset><model name="hand" file="hand.xml"/></asset><worldbody><body>{JOINT}<geom size=".1"/>
    <attach model="hand" body="hand" prefix="left_"/></body></worldbody></mujoco>"""
    model, _ = rebuilt(write(folder / "arm.xml", text))
    assert model.nv == 2


LINKS = """<link name="{0}"><inertial><mass value="1"/><inertia ixx=".1" iyy=".1" izz=".1" ixy="0" ixz="0" iyz="0"/>
</inertial><collision><geometry><mesh filename="{1}"/></geometry></collision></link>"""
URDF = f"""<robot name="arm"><mujoco><compiler {{}} discardvisual="false"/></mujoco>
{LINKS.format("base", "PATHm.stl")}{LINKS.format("rod", "m.stl")}
<joint name="elbow" type="revolute"><parent link="base"/><child link="rod"/><axis xyz="0 1 0"/>
<limit lower="-1" upper="1" effort="1" velocity="1"/></joint></robot>"""


@pytest.mark.parametrize("strip", ["true", "false"])
def test_the_meshes_of_a_urdf_are_assets(folder, strip):
    """With strippath, MuJoCo removes the folders of ROS package paths. Other paths are relative to meshdir."""
    text = URDF.format(f'strippath="{strip}" meshdir="meshes"').replace(
        "PATH", "package://a/" if strip == "true" else ""
    )
    write(folder / "meshes" / "m.stl", stl())
    model, assets = rebuilt(write(folder / "arm.urdf", text))
    assert (model.nv, list(assets)) == (1, ["m.stl"])


def test_a_urdf_becomes_a_robot(folder):
    write(folder / "meshes" / "m.stl", stl())
    text = URDF.format('meshdir="meshes"').replace("PATH", "")
    env = MjcfEnv(xml=str(write(folder / "arm.urdf", text)))
    assert (env.name, env.space.joints, env.action_dim) == ("arm", ("elbow",), 1)
    assert env.space.upper.tolist() == [1]


MISSING = {
    "mesh": ('<mesh name="m" file="gone.obj"/>', "gone.obj"),
    "texture": ('<texture name="t" type="2d" file="gone.png"/>', "gone.png"),
    "height field": ('<hfield name="h" file="gone.png" size="1 1 1 1"/>', "gone.png"),
}


@pytest.mark.parametrize("kind", MISSING)
def test_a_missing_file_is_named(folder, kind):
    asset, name = MISSING[kind]
    with pytest.raises(UserError, match=f"xml=.*arm.xml .*{name}"):
        read_model_file(robot(folder, asset, geom=""), "xml")


def test_a_missing_include_is_named(folder):
    with pytest.raises(UserError, match=r"xml=.*arm.xml .*gone.xml"):
        read_model_file(robot(folder, "", geom="", head='<include file="gone.xml"/>'), "xml")


def test_the_text_does_not_depend_on_the_location_of_the_files(tmp_path):
    """A dataset is therefore reused by another checkout of the same robot."""
    results = []
    for place in ("one", "other"):
        write(tmp_path / place / "m.obj", tetrahedron())
        results.append(read_model_file(robot(tmp_path / place, '<mesh name="m" file="m.obj"/>'), "xml"))
    assert results[0] == results[1]


def test_numbers_keep_five_digits(folder):
    """MuJoCo writes six digits. The simulation and the model both use the written numbers."""
    write(folder / "m.obj", tetrahedron())
    path = robot(folder, '<mesh name="m" file="m.obj"/>', geom='<geom type="mesh" mesh="m" mass="0.123456789012345"/>')
    text, assets = read_model_file(path, "xml")
    models = mujoco.MjModel.from_xml_path(str(path)), mujoco.MjModel.from_xml_string(text, assets)
    one, other = (model.body_mass[1] for model in models)
    np.testing.assert_allclose(one, other, rtol=1e-5)


def test_a_warning_of_mujoco_appears_neither_on_the_terminal_nor_in_a_file(folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)
    write(folder / "m.obj", tetrahedron())
    path = robot(folder, '<mesh name="m" file="m.obj"/>', head='<compiler settotalmass="2"/>')
    assert MjcfEnv(xml=str(path)).mj_model.body_mass[1] == pytest.approx(2)
    assert not (folder / "MUJOCO_LOG.TXT").exists()
    assert capfd.readouterr() == ("", "")
