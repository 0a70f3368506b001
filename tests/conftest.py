"""Fixtures and settings for all tests: the shipped robots, short trajectories, compilation and hypothesis."""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

ROBOTS = ("pendulum", "cart_pole", "double_cart_pole", "acrobot", "three_link", "nerd_cartpole")  # fixed base
STANDING = ("hopper", "cheetah", "quadruped", "arm")  # robots with a floor or contacts

# Packages whose annotations are checked at each call. The command line has no arrays.
CHECKED = (
    "math mjcf envs excitations mechanics representation networks base architectures runs data trained evaluation "
    "identification training render control gym export"
)
CHECK_SHAPES = os.environ.get("DYNAX_CHECK_SHAPES", ",".join(f"dynax.{name}" for name in CHECKED.split()))

# A slow machine must not fail a test. CI draws the same examples in each run.
settings.register_profile("local", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_configure(config: pytest.Config) -> None:
    """Give each worker one core, and make compilation cheap, also in child processes.

    Threads of two processes on shared cores wait for each other in each XLA operation, up to ten times as long.
    Bytecode halves the time that a child process needs to import the package.
    Compilation takes most of the time of the tests. Unoptimized programs compile faster, and a cache keeps them.
    """
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})
        os.environ.setdefault("PJRT_NPROC", "1")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    gc.set_threshold(50_000, 10, 10)  # tracing creates millions of objects and few cycles
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    # The older emitters of fusions compile a program with contacts in half the time. A worker has one core, so that
    # parts of a program cannot be compiled at the same time.
    flags = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
    os.environ["XLA_FLAGS"] = f"{flags} {os.environ.get('XLA_FLAGS', '')}".strip()
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(config.cache.mkdir("jax")))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
    if CHECK_SHAPES:
        install_import_hook(CHECK_SHAPES.split(","), "shape_checks.check")


@pytest.fixture(autouse=True)
def optimizations(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compile the programs of a test marked `optimized` as users do, with the optimizations of XLA."""
    if request.node.get_closest_marker("optimized") is None:
        yield
        return
    import jax

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "0")  # for child processes
        jax.config.update("jax_disable_most_optimizations", False)
        yield
    jax.config.update("jax_disable_most_optimizations", os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] == "1")


@contextmanager
def own_registries() -> Iterator[None]:
    """Forget the classes and plugins that are registered in the block."""
    from dynax.config import registries

    with pytest.MonkeyPatch.context() as patch:
        for table in registries.ALL:
            patch.setitem(table.__dict__, "registered", dict(table.registered))
        patch.setattr(registries, "_plugins", dict(registries._plugins))
        yield


@pytest.fixture(scope="module", autouse=True)
def registries() -> Iterator[None]:
    """Forget the classes that the tests of a module register, so that no other test depends on them."""
    with own_registries():
        yield


@pytest.fixture
def plugins() -> Iterator[None]:
    """Forget the plugins that a test registers. Otherwise, runs that other tests share would need them."""
    with own_registries():
        yield


@pytest.fixture(scope="session")
def robots():
    """Return the robots of `ROBOTS` by name."""
    from dynax import envs

    return {name: envs.make({"name": name}) for name in ROBOTS}


@pytest.fixture(scope="session", params=ROBOTS)
def env(request, robots):
    """Return each robot of `ROBOTS` in turn."""
    return robots[request.param]


@pytest.fixture(scope="session", params=ROBOTS + STANDING)
def every_robot(request):
    """Return each shipped robot in turn."""
    from dynax import envs

    return envs.make({"name": request.param})


@pytest.fixture(scope="session")
def hopper():
    """Return the hopper, a planar robot with contacts."""
    from dynax.envs import HopperEnv

    return HopperEnv()


@pytest.fixture(scope="session")
def quadruped():
    """Return the quadruped, a robot with a free base and contacts."""
    from dynax.envs import QuadrupedEnv

    return QuadrupedEnv()


@pytest.fixture(scope="session")
def slide():
    """Return a robot with linear dynamics."""
    from toys import SLIDE

    from dynax.envs import MjcfEnv

    return MjcfEnv(xml="slide.xml", mjcf=SLIDE)


@pytest.fixture(scope="session")
def sliding(slide):
    """Return twelve training and four validation trajectories of the slide, each of forty steps."""
    from dynax.data.simulate import simulate
    from dynax.data.trajectories import Trajectories

    rng = np.random.default_rng(0)
    states, actions = slide.sample_states(rng, 16), rng.uniform(-1, 1, (16, 40, 1))
    return Trajectories(simulate(slide, states, actions, "native"), actions).split(0.25)


@pytest.fixture(scope="module")
def original(model, tmp_path_factory):
    """Return the directory of the saved `model` of a test module."""
    return model.save(tmp_path_factory.mktemp("saved") / "model")


@pytest.fixture
def saved(original, tmp_path):
    """Return a copy of the saved model, which a test may change."""
    return Path(shutil.copytree(original, tmp_path / "model"))


@pytest.fixture(scope="session")
def cart_pole(robots):
    """Return the cart pole."""
    return robots["cart_pole"]


@pytest.fixture(scope="session")
def trajectories(robots):
    """Return eight trajectories of each robot by name, each of forty control steps, float64."""
    from dynax.data.simulate import simulate
    from dynax.data.trajectories import Trajectories

    def of(env):
        rng = np.random.default_rng(0)
        states, actions = env.sample_states(rng, 8), rng.uniform(-1, 1, (8, 40, env.action_dim))
        return Trajectories(simulate(env, states, actions, "native"), actions)

    return {name: of(env) for name, env in robots.items()}
