"""XML files in other encodings than UTF-8."""

import pytest

from dynax.envs import Env
from dynax.errors import UserError

BODY = '<mujoco><worldbody><body><joint name="Fuß"/><geom size=".1"/></body></worldbody></mujoco>'


def declared(encoding):
    return f'<?xml version="1.0" encoding="{encoding}"?>{BODY}'


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "cp1252", "utf-8", "UTF-8-SIG"])
def test_a_declared_encoding_is_read(tmp_path, encoding):
    path = tmp_path / "robot.xml"
    path.write_bytes(declared(encoding.removesuffix("-SIG")).encode(encoding))
    env = Env(path)
    assert env.space.joints == ("Fuß",)
    assert Env(mjcf=env.mjcf).space.joints == ("Fuß",)


def test_a_latin_1_file_with_a_mesh_is_read(tmp_path):
    (tmp_path / "box.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")
    mesh = '<asset><mesh name="m" file="box.obj"/></asset>'
    text = declared("latin-1").replace("<mujoco>", f"<mujoco>{mesh}").replace('size=".1"', 'type="mesh" mesh="m"')
    (tmp_path / "robot.xml").write_bytes(text.encode("latin-1"))
    env = Env(tmp_path / "robot.xml")
    assert list(env.assets) == ["box.obj"]
    assert env.space.joints == ("Fuß",)


def test_a_wrong_encoding_is_named(tmp_path):
    path = tmp_path / "robot.xml"
    path.write_bytes(BODY.encode("latin-1"))
    with pytest.raises(UserError, match=r"robot\.xml is not in the encoding UTF-8 \(byte 40\): save it as UTF-8, or"):
        Env(path)
    path.write_bytes(declared("klingon").encode("latin-1"))
    with pytest.raises(UserError, match=r"declares the encoding klingon, which is unknown"):
        Env(path)
