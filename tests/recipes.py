"""Stand-ins for models whose recipe is looked up."""

from types import SimpleNamespace

from dynax.config.registries import ENVS


def model_of(env, architecture):
    """Return an object with the attributes of a model that a recipe depends on."""
    return SimpleNamespace(architecture=architecture, env=ENVS.get(env, "env").__new__(ENVS.get(env, "env")))
