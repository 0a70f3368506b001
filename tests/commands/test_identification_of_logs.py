"""`dynax train model=rigid` fits simulation errors of logs."""

import json

import pytest
from synthetic import MAPPING, drive_csv

pytestmark = pytest.mark.slow

ROBOT = """<mujoco><option timestep="0.01"/><worldbody><body name="rod"><joint name="joint" axis="0 1 0"/>
<geom type="capsule" size=".02" fromto="0 0 0 0 0 -.1" mass="0.5" contype="0" conaffinity="0"/></body></worldbody>
<actuator><motor name="motor" joint="joint"/></actuator></mujoco>"""
DATA = ["collect.num_rollouts=12", "collect.rollout_length=60"]


def test_a_log_is_fitted_by_its_own_recipe(dynax):
    drive_csv(dynax.folder / "log.csv", n=800)
    (dynax.folder / "robot.xml").write_text(ROBOT)
    (dynax.folder / "map.yaml").write_text(f"{MAPPING}mjcf: robot.xml\nblock: 0.5\n")
    dataset = dynax("import", "source=log.csv", "mapping=map.yaml").path
    words = ["env=mjcf", "env.xml=robot.xml", "model=rigid", "model.history=3"]
    few = ["training.finetune_steps=2", "training.finetune_horizons=[5]"]
    run = dynax("train", f"dataset={dataset}", *words, *few).path
    names = {row["name"] for row in json.loads((run / "identified.json").read_text())}
    assert {"rod m", "joint coulomb friction", "joint armature", "motor gain"} <= names
    [row] = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert row["epoch"] == 1


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["model.friction=true"],
            "model.friction=True has no effect with model=rigid, whose constants are computed by",
        ),
        (["model.history=4"], "model.history=4 has no effect with model=rigid, whose constants are computed by linear"),
        (["training.finetune=lbfgs"], "training.finetune=lbfgs does not support model=rigid: use levenberg_marquardt"),
        (["training.finetune_steps=3"], "training.finetune_steps has no effect with model=rigid, whose constants are"),
        (
            ["training.finetune=levenberg_marquardt", "training.num_epochs=3"],
            "training.num_epochs has no effect with model=rigid, whose constants are fitted to simulation errors",
        ),
    ],
)
def test_options_without_effect_are_rejected(dynax, overrides, message):
    ran = dynax("train", "env=pendulum", "model=rigid", *DATA, *overrides)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert not dynax.made()
