"""The policy of `dynax collect` and of the collection in `dynax train`."""

from pathlib import Path

from dynax.config.registries import POLICIES
from dynax.config.schema import CollectConfig
from dynax.data.closed_loop import BatchPolicy
from dynax.data.function_policy import function_policy
from dynax.envs import Env
from dynax.errors import UserError, config_section


def make_policy(config: CollectConfig, env: Env) -> BatchPolicy | None:
    """Return the policy of a config, or None. JAX is imported only for a planner.

    Raises:
        UserError: if there is no such policy, or if it is of another robot.
    """
    name = config.policy
    if name is None:
        return None
    if name in POLICIES.names():
        return function_policy(name, env)
    if not Path(name).expanduser().is_dir():
        raise UserError(
            f"collect.policy={name} is neither a run directory of `dynax plan` or `dynax learn`, nor a plugin with a "
            f"function policy(state, rng). Name its file in plugins=[path/to/{Path(name).name}.py]"
        )
    from dynax.control.planned_policy import planned_policy

    with config_section("collect"):
        return planned_policy(name, env)
