"""`training.init`: a training starts from the parameters of another run."""

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np

from dynax.base import BaseDynamicsModel, Variables
from dynax.envs import Env
from dynax.errors import UserError, config_section, renamed_argument
from dynax.runs.saved_model import config_of
from dynax.trained import load
from dynax.training.init_check import check_initial

log = logging.getLogger(__name__)


def initial_variables(model: BaseDynamicsModel, run: str | None) -> Variables | None:
    """Return the best variables of a run, or None without a run.

    Args:
        model: the model that is trained.
        run: directory of the run, or of a saved model.

    Raises:
        UserError: if the run has other model options, or a robot with another state or action.
    """
    if run is None:
        return None
    with renamed_argument("run", "training.init"):
        trained = load(run)
    for what, then, now in _properties(trained.model, model):
        if then != now:
            remedy = "choose the option of the run" if what.startswith("model.") else "choose another run"
            raise UserError(f"training.init={run}: {what} is {_text(then)} in the run, not {_text(now)}; {remedy}")
    with config_section("training"):
        check_initial(model, trained.params)
    if trained.env.dt != model.env.dt:
        text = "the run has control steps of %g s, and the robot has steps of %g s: training must correct this"
        log.warning(text, trained.env.dt, model.env.dt)
    log.info("starting from the parameters of %s", run)
    return trained.params


def _properties(one: BaseDynamicsModel, other: BaseDynamicsModel) -> Iterator[tuple[str, Any, Any]]:
    """Yield the name and both values of each property in which the models must agree."""
    then, now = (config_of(model)["model"] for model in (one, other))
    for name in dict.fromkeys(["architecture", *then, *now]):
        if name != "base":  # the run that gave the constants, which are compared
            yield f"model.{name}", then.get(name), now.get(name)
    layouts = (_layout(model.env) for model in (one, other))
    for (what, left), (_, right) in zip(*layouts, strict=True):
        yield what, left, right


def _layout(env: Env) -> Iterator[tuple[str, Any]]:
    """Yield the names and the values of the properties that determine the entries of states and actions."""
    space = env.space
    yield "the list of joint coordinates", list(space.names)
    yield "the list of units of a state", list(space.units)
    yield "the number of positions", space.nq
    yield "the list of observed coordinates", [space.labels[i] for i in np.flatnonzero(space.observed)]
    yield "the list of actions", list(env.action_names)


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
