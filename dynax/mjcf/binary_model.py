"""A compiled MjModel as an asset, for models without an XML text.

MuJoCo has no function that writes an arbitrary MjModel as XML. Its binary format MJB contains the complete model, with
two limits: only the same version of MuJoCo reads an MJB file, and the model cannot be edited or recompiled.
"""

from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

import mujoco
import numpy as np

from dynax.mjcf.messages import warnings_to_log

MJB = "model.mjb"  # name of the asset


def serialize_model(model: mujoco.MjModel) -> tuple[str, dict[str, bytes]]:
    """Return an MJCF text that names the model, and the model itself as the binary asset `model.mjb`."""
    buffer = np.empty(mujoco.mj_sizeModel(model), np.uint8)
    mujoco.mj_saveModel(model, None, buffer)
    name = quoteattr(model_name(model))
    text = f"<mujoco model={name}><!-- The model is in {MJB}, MuJoCo {mujoco.__version__}. --></mujoco>"
    return text, {MJB: buffer.tobytes()}


@warnings_to_log()
def compile_model(mjcf: str, assets: Mapping[str, bytes]) -> mujoco.MjModel:
    """Return the MjModel of an MJCF text and its assets, or of the binary asset `model.mjb`.

    Raises:
        ValueError: if MuJoCo rejects the model.
    """
    if is_binary(assets):
        return mujoco.MjModel.from_binary_path(MJB, dict(assets))
    return mujoco.MjModel.from_xml_string(mjcf, dict(assets))


def is_binary(assets: Mapping[str, bytes]) -> bool:
    """Return whether the assets contain a compiled model."""
    return MJB in assets


def model_name(model: mujoco.MjModel) -> str:
    """Return the name of the model in the MJCF. MuJoCo's default is `MuJoCo Model`."""
    return model.names.split(b"\0", 1)[0].decode()
