"""A robot from a path, an XML text, an MjSpec or an MjModel; and its config group, from which it is rebuilt."""

import dataclasses
import os

import mujoco
import numpy as np
import pytest

from dynax import envs
from dynax.envs import Env, MjcfEnv, PendulumEnv, StandingReset
from dynax.envs.classics import ASSETS
from dynax.errors import UserError
from dynax.mjcf.binary_model import MJB

TEXT = """<mujoco model="my arm"><worldbody>
<body><joint name="swing" axis="0 1 0"/><geom size=".1" pos=".3 0 0"/></body></worldbody>
<actuator><motor joint="swing"/></actuator></mujoco>"""
SOURCES = {
    "text": lambda: TEXT,
    "spec": lambda: mujoco.MjSpec.from_string(TEXT),
    "model": lambda: mujoco.MjModel.from_xml_string(TEXT),
}


def end(model):
    """Return the positions after a fixed number of steps."""
    data = mujoco.MjData(model)
    data.ctrl[:] = 0.5
    mujoco.mj_step(model, data, 40)
    return data.qpos.copy()


@pytest.fixture
def path(tmp_path):
    (tmp_path / "lever.xml").write_text(TEXT)
    return tmp_path / "lever.xml"


@pytest.mark.parametrize("kind", SOURCES)
def test_all_sources_give_the_same_robot(kind):
    env = Env(SOURCES[kind]())
    assert (env.name, env.space.joints, env.action_names) == ("my_arm", ("swing",), ("actuator0",))
    np.testing.assert_array_equal(end(env.mj_model), end(mujoco.MjModel.from_xml_string(TEXT)))
    np.testing.assert_array_equal(end(env.sim_model), end(env.mj_model))


@pytest.mark.parametrize("convert", [str, lambda path: path], ids=["str", "Path"])
def test_a_path_gives_the_robot_and_its_name(path, convert):
    env = Env(convert(path))
    assert (env.name, env.mjcf) == ("lever", TEXT)
    assert MjcfEnv(convert(path)).name == "lever"


def test_a_model_without_a_name_is_called_robot():
    assert Env(TEXT.replace(' model="my arm"', "")).name == "robot"


def test_a_name_may_be_given():
    assert Env(TEXT, name="lever").name == "lever"


def test_the_source_is_not_kept_and_may_change():
    spec = mujoco.MjSpec.from_string(TEXT)
    env = Env(spec)
    spec.joint("swing").name = "other"
    assert env.space.joints == ("swing",)


def test_a_spec_is_checked_as_a_file_is():
    spec = mujoco.MjSpec.from_string(TEXT)
    for i in range(200):
        spec.worldbody.add_body(name=f"ball {i}").add_geom(size=[1, 0, 0])
        spec.body(f"ball {i}").add_freejoint()
    with pytest.raises(UserError, match="source, an MjSpec, has 20,100 contacts in its default pose"):
        Env(spec)


@pytest.mark.parametrize("kind", SOURCES)
def test_a_robot_is_rebuilt_from_its_config_group_text_and_assets(kind):
    env = Env(SOURCES[kind](), decimation=2, observe=("qpos",), reset=StandingReset(wide_share=0.25))
    group = envs.group_of(env)
    assert group["name"] == "mjcf"
    other = envs.make(group, env.mjcf, env.assets)
    assert (other.name, other.decimation, other.observe, other.reset) == ("my_arm", 2, ("qpos",), env.reset)
    np.testing.assert_array_equal(end(other.mj_model), end(env.mj_model))
    assert envs.group_of(other) == group


def test_the_config_group_of_a_built_in_robot_is_its_yaml():
    group = envs.group_of(PendulumEnv())
    assert group["name"] == "pendulum"
    assert group["reset"] == {"name": "uniform", "qpos": [np.pi], "qvel": [8.0]}
    assert envs.make(group).mjcf == PendulumEnv().mjcf


@pytest.mark.parametrize("kind", SOURCES)
def test_a_copy_with_another_option_keeps_the_robot(kind):
    env = dataclasses.replace(Env(SOURCES[kind]()), decimation=3)
    assert (env.name, env.dt) == ("my_arm", 3 * env.mj_model.opt.timestep)


def test_an_mjmodel_is_a_binary_asset():
    env = Env(mujoco.MjModel.from_xml_string(TEXT))
    assert list(env.assets) == [MJB]


def test_a_robot_of_dynax_may_have_another_file(path):
    assert PendulumEnv(path).space.joints == ("swing",)
    assert Env(ASSETS / "pendulum.xml").mjcf == PendulumEnv().mjcf


def test_a_missing_source_is_an_error():
    with pytest.raises(UserError, match=r"^source= is missing: it must be a path, an XML text"):
        Env()


def test_a_missing_file_is_an_error():
    with pytest.raises(UserError, match=r"^source=nowhere.xml cannot be read: No such file or directory"):
        Env("nowhere.xml")


def test_a_text_that_only_mujoco_can_read_is_an_error():
    """The check of a saved model could not read it."""
    text = '<mujoco><worldbody><site name="a&b"/><body><joint/><geom size=".1"/></body></worldbody></mujoco>'
    with pytest.raises(UserError, match=r"^the model of the robot is not well-formed XML.* line 1, column 34"):
        Env(text)


def test_an_invalid_text_is_an_error():
    with pytest.raises(UserError, match=r"^MuJoCo rejects the model of the robot: XML parse error"):
        Env("<mujoco><worldbody><body></mujoco>")


def test_a_text_has_its_assets():
    mesh = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
    text = TEXT.replace("<worldbody>", '<asset><mesh name="m" file="m.obj"/></asset><worldbody>')
    assert Env(text, assets={"m.obj": mesh.encode()}).mj_model.nmesh == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": b"robot.xml"}, "source must be a path, an XML text, an MjSpec or an MjModel, not bytes"),
        ({"source": 5}, "source must be a path, an XML text, an MjSpec or an MjModel, not int"),
        ({"source": TEXT, "decimation": 1.5}, "decimation=1.5 must be a whole number, not float"),
        ({"source": TEXT, "decimation": 10**9}, r"decimation=1000000000 is out of range"),
        ({"source": TEXT, "observe": None}, "observe=None must be a list of names"),
        ({"source": TEXT, "reset": "uniform"}, "reset='uniform' must be a Reset"),
        ({"source": TEXT, "assets": {"a": "text"}}, "assets.a=text must be bytes, not str"),
        ({"source": TEXT, "action_range": {"swing": ("0", "1")}}, "action_range.swing=0 must be a number, not str"),
        ({"source": TEXT, "action_range": {"swing": (np.nan, 1)}}, "action_range.swing=nan is out of range"),
        ({"source": TEXT.replace("my arm", "\udcff")}, "the MJCF of the model of the robot contains characters"),
    ],
)
def test_options_of_other_types_are_errors_of_the_user(options, message):
    with pytest.raises(UserError, match=f"^{message}"):
        Env(**options)


def test_a_pipe_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "robot.xml")
    with pytest.raises(UserError, match=r"robot.xml is not a regular file"):
        Env(tmp_path / "robot.xml")


def test_a_text_may_begin_with_a_byte_order_mark():
    assert Env("\ufeff\n" + TEXT).name == "my_arm"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("body_mass", "the attribute mass of the body `1` contains nan"),
        ("qpos0", "qpos0 of the compiled model contains NaN"),
    ],
)
def test_a_model_whose_numbers_are_not_finite_is_an_error(name, message):
    model = mujoco.MjModel.from_xml_string(TEXT)
    getattr(model, name)[-1] = np.nan
    with pytest.raises(UserError, match=message):
        Env(model)


@pytest.mark.parametrize(
    ("rng", "n", "message"),
    [
        (0, 2, "rng=0 must be a generator of NumPy"),
        (np.random.default_rng(0), -1, "n=-1 is out of range"),
        (np.random.default_rng(0), 1.5, "n=1.5 must be a whole number"),
    ],
)
def test_wrong_arguments_of_sampling_are_errors_of_the_user(rng, n, message):
    with pytest.raises(UserError, match=f"^{message}"):
        Env(TEXT).sample_states(rng, n)
