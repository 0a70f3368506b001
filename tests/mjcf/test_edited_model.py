"""Values that a program writes into a compiled model are checked as MuJoCo's compiler checks an MJCF."""

import mujoco
import pytest

from dynax.envs import Env
from dynax.envs.source import ASSETS, check_model
from dynax.errors import UserError
from dynax.mjcf.binary_model import serialize_model
from dynax.mjcf.edited_model import meaningless_value


def set_cone(model):
    model.opt.cone = 5


def set_axis(model):
    model.jnt_axis[1] = 0


EDITS = {
    "opt.cone of the model contains 5: write a member of mjtCone": set_cone,
    r"jnt_axis\[1\] of the model has the length 0: divide it by its length": set_axis,
    r"body_quat\[2\] of the model has the length 2: ": lambda model: model.body_quat[2].put(0, 2),
    "geom_size of the model contains -0.5: write numbers of at least 0": lambda model: model.geom_size[0].put(0, -0.5),
    "body_mass of the model contains -1": lambda model: model.body_mass.put(1, -1),
    "jnt_type of the model contains 77": lambda model: model.jnt_type.put(0, 77),
}


@pytest.mark.parametrize("message", EDITS)
def test_a_meaningless_value_is_named(message):
    model = mujoco.MjModel.from_xml_path(str(ASSETS / "cart_pole.xml"))
    EDITS[message](model)
    with pytest.raises(UserError, match=f"an MjModel, cannot be simulated: {message}"):
        Env(model)


def test_a_meaningless_value_of_a_saved_model_is_named():
    model = mujoco.MjModel.from_xml_path(str(ASSETS / "cart_pole.xml"))
    model.opt.cone = 5
    with pytest.raises(UserError, match=r"the model of saved cannot be simulated: opt\.cone of the model contains 5"):
        check_model(*serialize_model(model), "the model of saved")


@pytest.mark.parametrize("file", sorted(ASSETS.glob("*.xml")), ids=lambda file: file.stem)
def test_compiled_models_have_no_meaningless_value(file):
    assert not meaningless_value(mujoco.MjModel.from_xml_path(str(file)))
