"""Robots that others made: every model that Gymnasium and dm_control ship is learned, or refused with a reason.

Of both packages nothing is imported; their XML files are looked up where they are installed.
"""

import gc
import importlib.util
import json
import re
from pathlib import Path

import jax
import numpy as np
import pytest

from dynax.architectures import MLPDynamicsModel
from dynax.data.simulate import diverged, resolve_backend, simulate
from dynax.envs import MjcfEnv
from dynax.errors import UserError
from dynax.excitations.piecewise_constant import PiecewiseConstant

NO_ROBOT = (  # parts of robots, scenes around none, files that lack a mesh, and what is no model at all
    r"Dynax does not support the robot \w+: it has no joint",
    "Error opening file '.*'",
    "repeated name '.*' in texture",
    "Unrecognized XML model type: '.*'",
    "mass and inertia of moving bodies must be larger than mjMINVAL",
)
KNOWN = {  # what must be among those that are learned
    "ant": "gymnasium/envs/mujoco/assets/ant.xml",
    "humanoid": "gymnasium/envs/mujoco/assets/humanoid.xml",
    "ball_in_cup": "dm_control/suite/ball_in_cup.xml",
    "dog": "dm_control/suite/dog.xml",
    "quadruped": "dm_control/suite/quadruped.xml",
    "third_order": "dm_control/mujoco/testing/assets/model_with_third_order_actuators.xml",
    "rodent": "dm_control/locomotion/walkers/assets/rodent.xml",
}
MILD = {"dm_control/suite/fish.xml": ("env.reset.velocity=0.1",)}  # what would explode at a joint velocity of 1 rad/s
SEEING = ("quadruped", "third_order")  # their contacts; tendons, activations and a floating base


def site() -> dict[str, Path]:
    """Where the packages are installed, by name."""
    specs = {name: importlib.util.find_spec(name) for name in ("gymnasium", "dm_control")}
    return {name: Path(spec.submodule_search_locations[0]).parent for name, spec in specs.items() if spec}


SITE = site()
if len(SITE) < 2:
    pytest.skip("Gymnasium or dm_control is not installed", allow_module_level=True)
MODELS = sorted(str(path.relative_to(at)) for name, at in SITE.items() for path in (at / name).rglob("*.xml"))


def path_of(model: str | Path) -> Path:
    return model if isinstance(model, Path) else SITE[model.partition("/")[0]] / model


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """MuJoCo writes no log where it is used; and no test keeps the programs of another, which are large."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.glob("MUJOCO_LOG.TXT"))
    jax.clear_caches()
    gc.collect()


def accepted(model: str) -> MjcfEnv | None:
    """The robot, or None where it is refused with one of the reasons that there may be."""
    try:
        return MjcfEnv(xml=str(path_of(model)))
    except UserError as error:
        text = str(error)
        assert any(re.search(reason, text) for reason in NO_ROBOT), text
        return None


def test_there_are_many():
    assert len(MODELS) > 50
    assert set(KNOWN.values()) <= set(MODELS)


@pytest.mark.slow
@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("model", MODELS)
def test_what_it_does_is_represented(model):
    env = accepted(model)
    if env is None:
        return
    rng = np.random.default_rng(0)
    states, actions = env.sample_states(rng, 3), PiecewiseConstant()(rng, 3, 20, env.dt, *env.action_bounds)
    paths = simulate(env, states, actions, "native")
    env.__dict__["simulated"] = env.mj_model  # what MuJoCo discards as only looked at is no part of the motion
    np.testing.assert_array_equal(simulate(env, states, actions, "native"), paths)
    paths = paths[~diverged(paths)]  # a pose drawn at random may be one that explodes
    network = MLPDynamicsModel(env=env)
    now, following = paths[:, :-1], paths[:, 1:]
    again = network.integrate(now, network.targets(now, following))
    speed = max(1.0, np.abs(paths).max(initial=0))
    np.testing.assert_allclose(env.space.difference(following, again), 0, atol=1e-9 * speed)
    assert network.features(paths).shape == (*paths.shape[:2], network.feature_dim)


@pytest.mark.slow
@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("model", MODELS)
def test_it_is_collected_learned_judged_and_rendered_or_refused_with_a_reason(model, dynax):
    if accepted(model) is None:
        assert model not in KNOWN.values()
        refused = dynax("train", "env=mjcf", f"env.xml={path_of(model)}", "training=smoke")
        assert (refused.code, refused.out) == (2, "")
        return
    goes_through_every_command(model, dynax, "model.constraints=none")


@pytest.mark.slow
@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("name", SEEING)
def test_it_is_learned_with_its_contacts(name, dynax):
    goes_through_every_command(KNOWN[name], dynax, "model.constraints=features")


def goes_through_every_command(model, dynax, *how):
    few = ["collect.num_rollouts=8", "collect.rollout_length=20"]
    small = ["training=smoke", "training.optimizer=adam", "model.hidden_dims=[16]", "model.refinement_dims=[16]"]
    run = dynax("train", "env=mjcf", f"env.xml={path_of(model)}", *MILD.get(model, ()), *few, *small, *how).path
    scores = json.loads((dynax("eval", f"run={run}", "eval=smoke").path / "summary.json").read_text())["scores"]
    assert np.isfinite(scores["model"]["nrmse"]["1"])
    size = ["render.backend=software", "render.seconds=0.2", "render.fps=10", "render.width=96", "render.height=64"]
    film = dynax("render", f"run={run}", *size, "render.formats=[gif]").path
    assert (film / "trajectory.gif").stat().st_size > 0


@pytest.mark.slow
@pytest.mark.usefixtures("elsewhere")
@pytest.mark.filterwarnings("ignore:Mesh .* has a coplanar face")
def test_mjx_takes_it_or_c_mujoco_does_and_why_is_said(monkeypatch, caplog):
    monkeypatch.setattr("dynax.data.simulate._has_gpu", lambda: True)
    robots = [env for env in map(accepted, MODELS) if env and env.mj_model.ngeom < 12]  # others take minutes to trace
    backends = {env.name: resolve_backend("auto", env) for env in robots}
    assert list(backends.values()).count("mjx") > 5
    refused = [name for name, backend in backends.items() if backend == "native"]
    assert len(refused) > 2
    for name in refused:
        assert any(f"MJX cannot simulate {name} (" in message for message in caplog.messages)


PULLED = """<mujoco><option timestep="0.005"/><worldbody><geom type="plane" size="2 2 .1"/>
<body name="hand" mocap="true" pos=".4 0 1"><geom size=".02" contype="0" conaffinity="0"/></body>
<body pos="0 0 1"><joint name="elbow" axis="0 1 0" limited="true" range="-100 100"/>
<geom type="capsule" fromto="0 0 0 .3 0 0" size=".04"/><site name="inner" pos=".1 0 .05"/></body>
<body name="bag" pos=".4 0 .6"><freejoint/><geom type="box" size=".05 .05 .05"/></body>
<site name="outer" pos="0 0 1.3"/></worldbody><equality><connect body1="bag" body2="hand" anchor="0 0 .2"/></equality>
<tendon><spatial name="biceps"><site site="inner"/><site site="outer"/></spatial></tendon>
<actuator><muscle name="biceps" tendon="biceps" lengthrange=".1 .5"/></actuator></mujoco>"""


@pytest.mark.slow
@pytest.mark.usefixtures("elsewhere")
def test_a_muscle_a_mocap_hand_and_what_it_holds(dynax, tmp_path):
    (tmp_path / "arm.xml").write_text(PULLED)
    assert MjcfEnv(xml=str(tmp_path / "arm.xml")).mj_model.na == 1
    goes_through_every_command(tmp_path / "arm.xml", dynax)
