"""The constraint layer with learned parameters."""

import numpy as np
import pytest
from small_models import unit

from dynax.architectures import MechanicalDynamicsModel, MLPDynamicsModel
from dynax.envs import MjcfEnv
from dynax.errors import UserError

PENDULUM = """<mujoco><option integrator="{}" timestep=".02"/><worldbody><body><joint name="x" axis="0 1 0"/>
<geom type="capsule" fromto="0 0 0 0 0 -1" size=".05"/></body></worldbody>
<actuator><motor joint="x"/></actuator></mujoco>"""


@pytest.mark.parametrize(
    ("integrator", "decimation", "target", "message"),
    [
        ("Euler", 4, "acceleration", r"env.decimation=1 \(now 4\)"),
        ("RK4", 1, "acceleration", r"an integrator other than RK4 \(now RK4\)"),
        ("Euler", 1, "delta", r"model.target=acceleration \(now delta\)"),
    ],
)
def test_a_constraint_layer_needs_semi_implicit_steps(integrator, decimation, target, message):
    env = MjcfEnv(xml="toy.xml", mjcf=PENDULUM.format(integrator), decimation=decimation)
    with pytest.raises(UserError, match=f"model.constraints=layer needs .*{message}.* use model.constraints=features"):
        MLPDynamicsModel(env=env, constraints="layer", target=target)


@pytest.mark.slow
def test_contact_init_scale_is_the_initial_factor_of_contact_parameters(hopper):
    model = MLPDynamicsModel(env=hopper, hidden_dims=(8,), constraints="layer", contact_init_scale=1.4)
    layer = unit(model)["params"]["layer"]
    for name in ("stiffness", "damping", "weight", "friction"):
        np.testing.assert_allclose(layer[f"contact_{name}"], np.log(1.4), rtol=1e-6)
    assert not np.any(layer["stiffness"])


WHEEL = """<mujoco><option timestep=".005"/><worldbody><geom type="plane" size="5 5 1"/><body pos="0 0 .1">
<joint name="z" type="slide" axis="0 0 1"/><joint name="turn" axis="0 1 0" range="-2 2" limited="true"/>
<geom size=".1"/></body></worldbody><actuator><motor joint="turn"/></actuator></mujoco>"""


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "learned"), [(MLPDynamicsModel, {"Inertia_0"}), (MechanicalDynamicsModel, set())])
def test_without_learned_compliance_a_layer_has_the_parameters_of_the_mjcf(kind, learned):
    """Its predictions are those of a layer with initial factors."""
    env = MjcfEnv(xml="wheel.xml", mjcf=WHEEL)
    keeps, learns = (
        kind(env=env, hidden_dims=(8,), constraints="layer", compliance=compliance)
        for compliance in ("mjcf", "learned")
    )
    kept, free = unit(keeps), unit(learns)
    assert set(kept["params"].get("layer", {})) == learned
    assert set(free["params"]["layer"]) > learned
    rollout = env.sample_states(np.random.default_rng(0), 4), np.zeros((4, 10, env.action_dim))
    np.testing.assert_allclose(keeps.rollout(*rollout, kept), learns.rollout(*rollout, free), atol=1e-5)
