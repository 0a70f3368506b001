"""A compiled model as an asset."""

import mujoco
import numpy as np

from dynax.mjcf.binary_model import MJB, compile_model, is_binary, model_name, serialize_model
from dynax.mjcf.self_contained import check_self_contained

MODEL = mujoco.MjModel.from_xml_string(
    """<mujoco model="toy"><worldbody><body><joint axis="0 1 0"/><geom size=".1" pos=".2 0 0"/></body></worldbody>
    </mujoco>"""
)


def test_the_asset_is_the_model():
    text, assets = serialize_model(MODEL)
    model = compile_model(text, assets)
    ends = []
    for m in (MODEL, model):
        data = mujoco.MjData(m)
        mujoco.mj_step(m, data, 50)
        ends.append(data.qpos.copy())
    assert np.array_equal(*ends)


def test_the_text_contains_the_name_and_the_version():
    text, assets = serialize_model(MODEL)
    assert text == f'<mujoco model="toy"><!-- The model is in {MJB}, MuJoCo {mujoco.__version__}. --></mujoco>'
    assert is_binary(assets)
    assert not is_binary({})


def test_the_text_is_strict_xml_for_every_name():
    spec = mujoco.MjSpec.from_string("<mujoco/>")
    spec.modelname = 'a "b" & <c>'
    check_self_contained(serialize_model(spec.compile())[0], {}, "the model")


def test_serialization_is_deterministic():
    assert serialize_model(MODEL) == serialize_model(MODEL)


def test_the_name_is_that_of_the_mjcf():
    assert model_name(MODEL) == "toy"
