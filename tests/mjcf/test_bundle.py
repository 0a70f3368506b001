"""A robot's file with all that it loads: the bundle alone is the robot, wherever the files it came from are."""

import shutil
import struct

import mujoco
import numpy as np
import pytest
from PIL import Image

from dynax.envs import MjcfEnv
from dynax.errors import UserError
from dynax.mjcf.bundle import bundle

CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
FACES = ((0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3))
JOINT = '<joint name="swing" axis="0 1 0"/>'


def tetrahedron(size=0.1):
    """An OBJ file."""
    corners = "".join(f"v {x} {y} {z}\n" for x, y, z in size * CORNERS)
    return corners + "".join(f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in FACES)


def stl(size=0.1):
    """The same as a binary STL file."""
    triangles = b"".join(struct.pack("<12fH", *[0.0] * 3, *(size * CORNERS[list(f)]).ravel(), 0) for f in FACES)
    return bytes(80) + struct.pack("<I", len(FACES)) + triangles


def png(path, color=(200, 50, 50), size=(4, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)


@pytest.fixture
def folder(tmp_path):
    """Where the files of a robot lie."""
    (tmp_path / "robot").mkdir()
    return tmp_path / "robot"


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)
    return path


def robot(folder, asset, geom='<geom type="mesh" mesh="m"/>', head="", name="arm.xml"):
    """A file of a robot of one joint."""
    body = f'<body>{JOINT}<geom size=".01"/>{geom}</body>'
    text = f"<mujoco>{head}<asset>{asset}</asset><worldbody>{body}</worldbody></mujoco>"
    return write(folder / name, text)


def carried(path):
    """The model that a bundle makes where nothing of its files is left, and its assets."""
    before = mujoco.MjModel.from_xml_path(str(path))
    text, assets = bundle(path, "env.xml")
    shutil.rmtree(path.parent)
    after = mujoco.MjModel.from_xml_string(text, assets)
    assert_same(before, after)
    return after, assets


def assert_same(one, other):
    """Two models of one robot: the same shapes, and the same motion."""
    for size in ("nq", "nv", "nu", "nbody", "ngeom", "nmesh", "nmeshvert", "ntexdata", "nhfielddata"):
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


def test_a_file_that_stands_alone_comes_as_it_is_written(folder):
    path = robot(folder, "", geom="")
    assert bundle(path, "env.xml") == (path.read_text(), {})


def test_a_mesh_in_a_folder_below_comes_along(folder):
    write(folder / "parts" / "m.obj", tetrahedron())
    _, assets = carried(robot(folder, '<mesh name="m" file="parts/m.obj"/>'))
    assert assets == {"m.obj": tetrahedron().encode()}


def test_a_mesh_of_any_kind_comes_along(folder):
    write(folder / "m.stl", stl())
    assert list(carried(robot(folder, '<mesh name="m" file="m.stl"/>'))[1]) == ["m.stl"]


def test_a_mesh_beside_the_folder_of_the_robot_comes_along(folder):
    write(folder.parent / "common" / "m.obj", tetrahedron())
    carried(robot(folder, '<mesh name="m" file="../common/m.obj"/>'))


@pytest.mark.parametrize("where", ["meshdir", "assetdir"])
def test_a_folder_of_meshes_is_followed(folder, where):
    write(folder / "deep" / "er" / "m.obj", tetrahedron())
    carried(robot(folder, '<mesh name="m" file="er/m.obj"/>', head=f'<compiler {where}="deep"/>'))


def test_paths_that_are_stripped_are_stripped(folder):
    write(folder / "deep" / "m.obj", tetrahedron())
    head = '<compiler meshdir="deep" strippath="true"/>'
    carried(robot(folder, '<mesh name="m" file="/home/somebody/m.obj"/>', head=head))


def test_two_files_of_one_name_stay_two(folder):
    write(folder / "left" / "m.obj", tetrahedron(0.1))
    write(folder / "right" / "m.obj", tetrahedron(0.2))
    two = '<mesh name="m" file="left/m.obj"/><mesh name="n" file="right/m.obj"/>'
    geoms = '<geom type="mesh" mesh="m"/><geom type="mesh" mesh="n"/>'
    model, assets = carried(robot(folder, two, geom=geoms))
    assert sorted(assets.values()) == sorted(tetrahedron(size).encode() for size in (0.1, 0.2))
    assert model.nmesh == 2


def test_one_file_loaded_twice_is_kept_once(folder):
    write(folder / "m.obj", tetrahedron())
    two = '<mesh name="m" file="m.obj"/><mesh name="n" file="m.obj" scale="2 2 2"/>'
    _, assets = carried(robot(folder, two, geom='<geom type="mesh" mesh="m"/><geom type="mesh" mesh="n"/>'))
    assert list(assets) == ["m.obj"]


def test_a_texture_comes_along(folder):
    png(folder / "pictures" / "skin.png")
    look = '<texture name="t" type="2d" file="skin.png"/><material name="paint" texture="t"/>'
    geom = '<geom size=".1" material="paint"/>'
    model, assets = carried(robot(folder, look, geom=geom, head='<compiler texturedir="pictures"/>'))
    assert list(assets) == ["skin.png"]
    assert model.ntex == 1


def test_the_six_sides_of_a_cube_come_along(folder):
    sides = ("right", "left", "up", "down", "front", "back")
    for i, side in enumerate(sides):
        png(folder / f"{side}.png", (40 * i, 0, 0))
    files = " ".join(f'file{side}="{side}.png"' for side in sides)
    _, assets = carried(robot(folder, f'<texture name="sky" type="skybox" {files}/>', geom=""))
    assert sorted(assets) == sorted(f"{side}.png" for side in sides)


def test_a_height_field_comes_along(folder):
    png(folder / "hills.png", size=(8, 8))
    hills = '<hfield name="hills" file="hills.png" size="1 1 .1 .1"/>'
    _, assets = carried(robot(folder, hills, geom='<geom size=".1"/>'))
    assert list(assets) == ["hills.png"]


def test_what_is_included_comes_along_with_what_it_loads(folder):
    write(folder / "m.obj", tetrahedron())
    write(folder / "parts.xml", '<mujoco><asset><mesh name="m" file="m.obj"/></asset></mujoco>')
    path = robot(folder, "", head='<include file="parts.xml"/>')
    model, assets = carried(path)
    assert (model.nmesh, list(assets)) == (1, ["m.obj"])


def test_an_attached_model_comes_along(folder):
    write(
        folder / "hand.xml",
        '<mujoco><worldbody><body name="hand"><joint/><geom size=".1"/></body></worldbody></mujoco>',
    )
    text = f"""<mujoco><asset><model name="hand" file="hand.xml"/></asset><worldbody><body>{JOINT}<geom size=".1"/>
    <attach model="hand" body="hand" prefix="left_"/></body></worldbody></mujoco>"""
    model, _ = carried(write(folder / "arm.xml", text))
    assert model.nv == 2


LINKS = """<link name="{0}"><inertial><mass value="1"/><inertia ixx=".1" iyy=".1" izz=".1" ixy="0" ixz="0" iyz="0"/>
</inertial><collision><geometry><mesh filename="{1}"/></geometry></collision></link>"""
URDF = f"""<robot name="arm"><mujoco><compiler {{}} discardvisual="false"/></mujoco>
{LINKS.format("base", "PATHm.stl")}{LINKS.format("rod", "m.stl")}
<joint name="elbow" type="revolute"><parent link="base"/><child link="rod"/><axis xyz="0 1 0"/>
<limit lower="-1" upper="1" effort="1" velocity="1"/></joint></robot>"""


@pytest.mark.parametrize("strip", ["true", "false"])
def test_a_urdf_comes_along(folder, strip):
    """Paths of ROS packages can be stripped, in a line for MuJoCo; others are followed."""
    text = URDF.format(f'strippath="{strip}" meshdir="meshes"').replace(
        "PATH", "package://a/" if strip == "true" else ""
    )
    write(folder / "meshes" / "m.stl", stl())
    model, assets = carried(write(folder / "arm.urdf", text))
    assert (model.nv, list(assets)) == (1, ["m.stl"])


def test_a_urdf_is_a_robot(folder):
    write(folder / "meshes" / "m.stl", stl())
    text = URDF.format('meshdir="meshes"').replace("PATH", "")
    env = MjcfEnv(xml=str(write(folder / "arm.urdf", text)))
    assert (env.name, env.space.joints, env.action_dim) == ("arm", ("elbow",), 0)
    assert env.space.upper.tolist() == [1]


MISSING = {
    "mesh": ('<mesh name="m" file="gone.obj"/>', "gone.obj"),
    "texture": ('<texture name="t" type="2d" file="gone.png"/>', "gone.png"),
    "height field": ('<hfield name="h" file="gone.png" size="1 1 1 1"/>', "gone.png"),
}


@pytest.mark.parametrize("kind", MISSING)
def test_a_missing_file_is_named(folder, kind):
    asset, name = MISSING[kind]
    with pytest.raises(UserError, match=f"env.xml=.*arm.xml .*{name}"):
        bundle(robot(folder, asset, geom=""), "env.xml")


def test_a_missing_include_is_named(folder):
    with pytest.raises(UserError, match=r"env.xml=.*arm.xml .*gone.xml"):
        bundle(robot(folder, "", geom="", head='<include file="gone.xml"/>'), "env.xml")


def test_the_text_is_the_same_wherever_the_files_lie(tmp_path):
    """So that a dataset is found again by another checkout of the same robot."""
    made = []
    for place in ("here", "there"):
        write(tmp_path / place / "m.obj", tetrahedron())
        made.append(bundle(robot(tmp_path / place, '<mesh name="m" file="m.obj"/>'), "env.xml"))
    assert made[0] == made[1]


def test_numbers_keep_five_digits(folder):
    """Of the six that MuJoCo writes; the robot is the one that is written, in the simulation and for the model."""
    write(folder / "m.obj", tetrahedron())
    path = robot(folder, '<mesh name="m" file="m.obj"/>', geom='<geom type="mesh" mesh="m" mass="0.123456789012345"/>')
    text, assets = bundle(path, "env.xml")
    models = mujoco.MjModel.from_xml_path(str(path)), mujoco.MjModel.from_xml_string(text, assets)
    one, other = (model.body_mass[1] for model in models)
    np.testing.assert_allclose(one, other, rtol=1e-5)


def test_what_mujoco_warns_of_is_no_line_on_the_terminal_and_no_file(folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)
    write(folder / "m.obj", tetrahedron())
    path = robot(folder, '<mesh name="m" file="m.obj"/>', head='<compiler settotalmass="2"/>')
    assert MjcfEnv(xml=str(path)).mj_model.body_mass[1] == pytest.approx(2)
    assert not (folder / "MUJOCO_LOG.TXT").exists()
    assert capfd.readouterr() == ("", "")
