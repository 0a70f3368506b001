"""Models of Gymnasium and dm_control: Dynax accepts them, or rejects them with a reason.

The tests do not import these packages. They only read the XML files of the installed packages. The benchmark
`python -m benchmarks.foreign` trains more of these models. The tests of motions and of commands use one model for each
family of features, as the comments in `MOTIONS` say. The robots of Dynax cover planar robots and floating bases.
"""

import gc
import importlib.util
import json
from pathlib import Path

import jax
import numpy as np
import pytest

from dynax.architectures import MLPDynamicsModel
from dynax.data.agreement import Agreement
from dynax.data.backends import resolve_backend
from dynax.data.simulate import diverged, simulate
from dynax.envs import MjcfEnv
from dynax.errors import UserError
from dynax.excitations.piecewise_constant import PiecewiseConstant
from dynax.render import frames

MOTIONS = {
    "ant": "gymnasium/envs/mujoco/assets/ant.xml",  # floating base, contacts with a floor, Runge-Kutta integrator
    "ball_in_cup": "dm_control/suite/ball_in_cup.xml",  # limit of a spatial tendon
    "ball_joints": "dm_control/mujoco/testing/assets/model_with_ball_joints.xml",  # and no actuators
    "boxhead": "dm_control/locomotion/soccer/assets/boxhead/boxhead.xml",  # boxes and cylinders
    "cartpole": "dm_control/mujoco/testing/assets/cartpole.xml",  # mocap bodies
    "fish": "dm_control/suite/fish.xml",  # fluid, ellipsoids, motors of fixed tendons
    "fruitfly": "dm_control/locomotion/walkers/assets/fruitfly_v2/fruitfly.xml",  # meshes, adhesion, elliptic friction
    "manipulator": "dm_control/suite/manipulator.xml",  # equality constraint, several planes
    "third_order": "dm_control/mujoco/testing/assets/model_with_third_order_actuators.xml",  # activations, no limits
}
LARGE = {
    "humanoid": "gymnasium/envs/mujoco/assets/humanoid.xml",
    "quadruped": "dm_control/suite/quadruped.xml",
    "rodent": "dm_control/locomotion/walkers/assets/rodent.xml",
}
REJECTED = {  # parts of robots, scenes without a robot, files without their meshes, and files that are no models
    "dm_control/mjcf/test_assets/included.xml": r"Dynax does not support the robot \w+: it has no joint",
    "dm_control/locomotion/walkers/assets/build_fruitfly/fruitfly.xml": "Error opening file '.*'",
    "dm_control/locomotion/walkers/assets/dog_v2/scene.xml": "repeated name '.*' in texture",
    "dm_control/mjcf/schema.xml": "Unrecognized XML model type: '.*'",
    "dm_control/mjcf/test_assets/test_model.xml": "mass and inertia of moving bodies must be larger than mjMINVAL",
}
WITH_MJX = ("gymnasium/envs/mujoco/assets/inverted_pendulum.xml",)
WITHOUT_MJX = ("dm_control/suite/pendulum.xml", MOTIONS["fish"])


def packages() -> dict[str, Path]:
    """Return the folders in which the packages are installed, by name."""
    specs = {name: importlib.util.find_spec(name) for name in ("gymnasium", "dm_control")}
    return {name: Path(spec.submodule_search_locations[0]).parent for name, spec in specs.items() if spec}


PACKAGES = packages()
if len(PACKAGES) < 2:
    pytest.skip("Gymnasium or dm_control is not installed", allow_module_level=True)


def path_of(model: str) -> Path:
    return PACKAGES[model.partition("/")[0]] / model


@pytest.fixture
def clean(tmp_path, monkeypatch):
    """Check that MuJoCo writes no log file, and release the compiled programs, which are large."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.glob("MUJOCO_LOG.TXT"))
    jax.clear_caches()
    gc.collect()


def robot(model: str) -> MjcfEnv:
    return MjcfEnv(xml=str(path_of(model)))


@pytest.mark.slow
@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("name", LARGE)
def test_a_large_model_is_accepted(name):
    env = robot(LARGE[name])
    assert env.sample_states(np.random.default_rng(0), 1).shape == (1, env.state_dim)


@pytest.mark.slow
@pytest.mark.usefixtures("clean")
def test_a_file_without_a_robot_is_rejected_with_a_reason():
    for model, reason in REJECTED.items():
        with pytest.raises(UserError, match=reason):
            robot(model)


@pytest.mark.slow
@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("name", MOTIONS)
def test_the_motion_is_simulated_represented_and_drawn(name):
    env = robot(MOTIONS[name])
    rng = np.random.default_rng(0)
    states, actions = env.sample_states(rng, 3), PiecewiseConstant()(rng, 3, 20, env.dt, *env.action_bounds)
    trajectories = simulate(env, states, actions, "native")
    draw_one_frame(env, trajectories[0], actions[0])
    env.__dict__["sim_model"] = env.mj_model  # geoms without collisions, which Dynax discards, do not affect the motion
    np.testing.assert_array_equal(simulate(env, states, actions, "native"), trajectories)
    trajectories = trajectories[~diverged(trajectories)]  # from some random poses, the simulation diverges
    network = MLPDynamicsModel(env=env)
    now, following = trajectories[:, :-1], trajectories[:, 1:]
    integrated = network.integrate(now, network.targets(now, following))
    speed = max(1.0, np.abs(trajectories).max(initial=0))
    np.testing.assert_allclose(env.space.difference(following, integrated), 0, atol=1e-9 * speed)
    assert network.features(trajectories).shape == (*trajectories.shape[:2], network.feature_dim)


def draw_one_frame(env, states, actions):
    size = {"width": 96, "height": 64, "backend": "software"}
    mocap = actions[:1, env.mj_model.nu :]
    [frame] = frames(env.mj_model, states[:1], states[:1], np.zeros(1), env.dt, mocap=mocap, **size)
    assert frame.shape == (64, 96, 3)


@pytest.mark.slow
@pytest.mark.usefixtures("clean")
def test_a_model_with_activations_goes_through_every_command(dynax):
    run_every_command(path_of(MOTIONS["third_order"]), dynax, "model.constraints=features")


def run_every_command(path, dynax, *overrides):
    small = ["collect.num_rollouts=8", "collect.rollout_length=20", "training=smoke", "training.optimizer=adam"]
    small += ["model.hidden_dims=[16]", "model.refinement_dims=[16]"]
    run = dynax("train", "env=mjcf", f"env.xml={path}", *small, *overrides).path
    scores = json.loads((dynax("eval", f"run={run}").path / "summary.json").read_text())["scores"]
    assert np.isfinite(scores["model"]["nrmse"]["1"])
    clip = dynax("render", f"run={run}", "render.backend=software", "render.formats=[gif]").path
    assert (clip / "trajectory.gif").stat().st_size > 0


@pytest.mark.slow
@pytest.mark.usefixtures("clean")
def test_models_that_mjx_does_not_support_use_c_mujoco_and_the_log_contains_the_reason(monkeypatch, caplog):
    monkeypatch.setattr("dynax.data.backends._has_gpu", lambda: True)
    monkeypatch.setattr("dynax.data.backends.compare", lambda env: Agreement("", ""))  # compiles every model
    for backend, models in (("mjx", WITH_MJX), ("native", WITHOUT_MJX)):
        for env in map(robot, models):
            caplog.clear()
            assert resolve_backend("auto", env) == backend
            assert any(f"cannot simulate {env.name} (" in message for message in caplog.messages) == (
                backend == "native"
            )


ARM = """<mujoco><option timestep="0.005"/><worldbody><geom type="plane" size="2 2 .1"/>
<body name="hand" mocap="true" pos=".4 0 1"><geom size=".02" contype="0" conaffinity="0"/></body>
<body pos="0 0 1"><joint name="elbow" axis="0 1 0" limited="true" range="-100 100"/>
<geom type="capsule" fromto="0 0 0 .3 0 0" size=".04"/><site name="inner" pos=".1 0 .05"/></body>
<body name="bag" pos=".4 0 .6"><freejoint/><geom size=".05"/></body>
<site name="outer" pos="0 0 1.3"/></worldbody><equality><connect body1="bag" body2="hand" anchor="0 0 .2"/></equality>
<tendon><spatial name="biceps"><site site="inner"/><site site="outer"/></spatial></tendon>
<actuator><muscle name="biceps" tendon="biceps" lengthrange=".1 .5"/></actuator></mujoco>"""


@pytest.mark.slow
@pytest.mark.usefixtures("clean")
def test_an_arm_with_a_muscle_a_mocap_body_and_an_equality_goes_through_every_command(dynax, tmp_path):
    (tmp_path / "arm.xml").write_text(ARM)
    assert MjcfEnv(xml=str(tmp_path / "arm.xml")).mj_model.na == 1
    run_every_command(tmp_path / "arm.xml", dynax, "model.refinement_steps=1")
