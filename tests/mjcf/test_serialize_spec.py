"""An MjSpec becomes an MJCF text with its assets."""

import mujoco
import numpy as np
import pytest

from dynax.errors import UserError
from dynax.mjcf.model_file import serialize_spec

MESH = "v 0 0 0\nv .1 0 0\nv 0 .1 0\nv 0 0 .1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
TEXT = """<mujoco><asset><mesh name="m" file="parts/m.obj"/></asset><worldbody><body><joint axis="0 1 0"/>
<geom type="mesh" mesh="m"/></body></worldbody></mujoco>"""


@pytest.fixture
def spec(tmp_path):
    """The MjSpec of a file that loads a mesh."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "m.obj").write_text(MESH)
    (tmp_path / "arm.xml").write_text(TEXT)
    return mujoco.MjSpec.from_file(str(tmp_path / "arm.xml"))


def assert_same_mass(one, other):
    np.testing.assert_allclose(one.body_mass, other.body_mass, rtol=1e-5)
    assert one.nmeshvert == other.nmeshvert == 4


def test_the_files_of_an_mjspec_are_assets(spec, tmp_path):
    before = spec.copy().compile()
    text, assets = serialize_spec(spec, "source")
    (tmp_path / "parts" / "m.obj").unlink()
    assert list(assets) == ["m.obj"]
    assert_same_mass(before, mujoco.MjModel.from_xml_string(text, assets))


def test_the_files_in_memory_are_assets():
    spec = mujoco.MjSpec.from_string(TEXT, assets={"parts/m.obj": MESH.encode()})
    text, assets = serialize_spec(spec, "source")
    assert list(assets) == ["m.obj"]
    assert_same_mass(spec.compile(), mujoco.MjModel.from_xml_string(text, assets))


def test_the_mjspec_does_not_change(spec):
    serialize_spec(spec, "source")
    assert spec.meshes[0].file == "parts/m.obj"


def test_an_invalid_mjspec_is_an_error():
    spec = mujoco.MjSpec()
    spec.worldbody.add_body(name="massless").add_joint()
    with pytest.raises(UserError, match="source is an MjSpec that MuJoCo cannot compile: "):
        serialize_spec(spec, "source")
