"""What the tests share: the robots that ship, short trajectories of each, and a cache of compiled programs."""

import gc
import os

import numpy as np
import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# Of hinges and slides, and hardly touching anything.
ROBOTS = ("pendulum", "cart_pole", "double_cart_pole", "acrobot", "three_link", "nerd_cartpole")
STANDING = ("hopper", "cheetah", "quadruped", "arm")  # the rest: of floors and contacts, some with bodies that float

# A busy machine is no failure.
settings.register_profile("dynax", deadline=None, max_examples=50)
settings.load_profile("dynax")


def pytest_configure(config: pytest.Config):
    """A core for each worker, and programs compiled in haste and kept for the next session; for child processes too.

    Two processes whose threads share cores wait for each other at every operation of XLA: ten times as slow, at worst.
    Most of a session is compiling, and most of that is making programs fast that run for a moment.
    """
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})
        os.environ.setdefault("PJRT_NPROC", "1")
    gc.set_threshold(50_000, 10, 10)  # tracing makes objects by the million, hardly any of them in cycles
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(config.cache.mkdir("jax")))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
    if packages := os.environ.get("DYNAX_CHECK_SHAPES"):  # packages whose annotations are checked at every call
        install_import_hook(packages.split(","), "beartype.beartype")


@pytest.fixture(scope="session")
def robots():
    """The classics, by name."""
    from dynax import envs

    return {name: envs.make({"name": name}) for name in ROBOTS}


@pytest.fixture(scope="session", params=ROBOTS)
def env(request, robots):
    """Each of the classics in turn."""
    return robots[request.param]


@pytest.fixture(scope="session", params=ROBOTS + STANDING)
def every_robot(request):
    """Each of the robots that ship in turn."""
    from dynax import envs

    return envs.make({"name": request.param})


@pytest.fixture(scope="session")
def hopper():
    from dynax.envs import HopperEnv

    return HopperEnv()


@pytest.fixture(scope="session")
def quadruped():
    from dynax.envs import QuadrupedEnv

    return QuadrupedEnv()


@pytest.fixture(scope="session")
def slide():
    """A robot whose dynamics are linear."""
    from toys import SLIDE

    from dynax.envs import MjcfEnv

    return MjcfEnv(xml="slide.xml", mjcf=SLIDE)


@pytest.fixture(scope="session")
def sliding(slide):
    """Training and validation trajectories of the slide: twelve and four, of forty steps."""
    from dynax.data.simulate import simulate
    from dynax.data.trajectories import Trajectories

    rng = np.random.default_rng(0)
    states, actions = slide.sample_states(rng, 16), rng.uniform(-1, 1, (16, 40, 1))
    return Trajectories(simulate(slide, states, actions, "native"), actions).split(0.25)


@pytest.fixture(scope="session")
def cart_pole(robots):
    return robots["cart_pole"]


@pytest.fixture(scope="session")
def trajectories(robots):
    """Eight trajectories of forty control steps of each robot, by name, float64."""
    from dynax.data.simulate import simulate
    from dynax.data.trajectories import Trajectories

    def of(env):
        rng = np.random.default_rng(0)
        states, actions = env.sample_states(rng, 8), rng.uniform(-1, 1, (8, 40, env.action_dim))
        return Trajectories(simulate(env, states, actions, "native"), actions)

    return {name: of(env) for name, env in robots.items()}
