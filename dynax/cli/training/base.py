"""`model.base`: the nominal model of `model=residual` has the constants of an identified run."""

from collections.abc import Mapping
from typing import Any

from dynax.architectures.residual import copied_constants
from dynax.architectures.rigid import RigidDynamicsModel
from dynax.envs import Env
from dynax.errors import UserError, renamed_argument
from dynax.trained import load


def with_constants(group: Mapping[str, Any], env: Env) -> Mapping[str, Any]:
    """Return the config group `model` with the constants of the run `model.base`, if it has a base without constants.

    Args:
        group: the config group `model`.
        env: the robot that is trained.

    Raises:
        UserError: if the run is not of `rigid`, or if its robot has other constants.
    """
    run = group.get("base")
    if run is None or group.get("constants"):
        return group
    with renamed_argument("run", "model.base"):
        trained = load(run)
    if not isinstance(trained.model, RigidDynamicsModel):
        raise UserError(
            f"model.base={run} is a run of model={trained.model.architecture}: choose a run of model=rigid, or "
            "continue a run of model=residual with training.init"
        )
    labels = trained.model.labels, RigidDynamicsModel(env=env, friction=trained.model.friction).labels
    theirs, ours = ([name for names in each.values() for name in names] for each in labels)
    if theirs != ours:
        different = [name for name in (*theirs, *ours) if (name in theirs) != (name in ours)] or theirs
        raise UserError(
            f"model.base={run} has other constants than {env.name}, for example {different[0]}: choose a run "
            "of a robot with the same bodies, joints and actuators"
        )
    copied = copied_constants(trained.model, trained.params)
    return {**group, "constants": list(copied["constants"]), "friction": copied["friction"]}
