"""The planners on a linear system with a quadratic cost, whose optimal cost is known, and their parts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import DT, GAINS

from dynax.config.registries import PLANNERS
from dynax.control import planners
from dynax.control.controller import Controller
from dynax.control.planners import noise, splines
from dynax.control.problem import Problem
from dynax.control.tasks.quadratic import Quadratic
from dynax.errors import UserError

STEPS = 50
WEIGHTS, CONTROL_WEIGHT = np.array([1.0, 0.1]), 0.05
A = np.array([[1, DT * (1 + GAINS[1])], [0, 1 + GAINS[1]]])  # the slide: v' = v + gain . (x, v, u), x' = x + dt v'
B = np.array([[DT * GAINS[2]], [GAINS[2]]])
TASK = Quadratic(weights={"x": 1.0, "x velocity": 0.1}, control_weight=CONTROL_WEIGHT)
# Factors of the optimal cost after ten iterations. One iteration of any planner misses them.
MOST = {"cem": 1.02, "icem": 1.02, "mppi": 1.02}


class LinearPredictor:
    """The exact dynamics of the slide."""

    history, compiled, variables = 1, True, None

    def __init__(self, env):
        self.env = env

    def predict(self, variables, states, past, actions):
        def step(state, action):
            following = state @ A.T + action @ B.T
            return following, following

        first = jnp.tile(states[-1], (len(actions), 1))
        path = jax.lax.scan(step, first, jnp.moveaxis(actions, 1, 0))[1]
        return jnp.concatenate([first[:, None], jnp.moveaxis(path, 0, 1)], axis=1)

    def close(self):
        pass


def lqr(state):
    """Return the optimal cost and the largest control of `STEPS` steps; the cost counts the states after the steps."""
    cost, gains = np.zeros((2, 2)), []
    for _ in range(STEPS):
        after = np.diag(WEIGHTS) + cost
        gain = np.linalg.solve(CONTROL_WEIGHT * np.eye(1) + B.T @ after @ B, B.T @ after @ A)
        gains.append(gain)
        cost = A.T @ after @ (A - B @ gain)
    largest, x = 0.0, state
    for gain in reversed(gains):
        u = -gain @ x
        largest, x = max(largest, float(abs(u[0]))), A @ x + B @ u
    return float(state @ cost @ state), largest


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cem", "icem", "mppi"])
def test_the_cost_of_a_plan_approaches_that_of_the_linear_quadratic_regulator(slide, name):
    state = np.array([0.05, 0.1])
    optimal, largest = lqr(state)
    assert largest < 1  # otherwise the regulator would exceed the range of the actions
    cost = {}
    for iterations in (1, 10):
        group = {"name": name, "horizon": STEPS * DT, "period": DT, "samples": 256, "iterations": iterations}
        problem = Problem(slide, TASK, planners.make(group))
        controller = Controller(problem, LinearPredictor(slide))
        controller(state)
        actions = jnp.asarray(controller.plan.actions[None], jnp.float32)
        path = controller.predictor.predict(None, jnp.asarray(state[None], jnp.float32), None, actions)
        cost[iterations] = -float(problem.returns(path, actions)[0])
    assert optimal * 0.999 < cost[10] < optimal * MOST[name] < cost[1]


@pytest.mark.slow
def test_a_controller_that_plans_in_each_step_is_nearly_optimal(slide):
    planner = planners.make({"name": "cem", "horizon": STEPS * DT, "period": DT, "std": 0.2, "min_std": 0.01})
    controller, state = Controller(Problem(slide, TASK, planner), LinearPredictor(slide)), np.array([0.05, 0.1])
    optimal, cost = lqr(state)[0], 0.0
    for _ in range(STEPS):
        action = controller(state)
        state = A @ state + B @ action
        cost += WEIGHTS @ state**2 + CONTROL_WEIGHT * action[0] ** 2
    assert optimal < cost < 1.2 * optimal  # of the open-loop optimum with the same horizon


def test_equal_seeds_give_equal_plans(slide):
    controller = Controller(Problem(slide, TASK, planners.make({"name": "icem"})), LinearPredictor(slide))
    first = [controller(np.array([0.1, 0.0])) for _ in range(3)]
    controller.reset(0)
    assert np.array_equal(first, [controller(np.array([0.1, 0.0])) for _ in range(3)])
    controller.reset(1)
    assert not np.array_equal(first[0], controller(np.array([0.1, 0.0])))


@pytest.mark.parametrize("kind", splines.KINDS)
def test_splines_interpolate_their_knots_and_are_shifted(kind):
    values = np.sin(np.arange(5.0))
    path = splines.basis(5, 9, kind) @ values
    np.testing.assert_allclose(path[::2], values, atol=1e-12)
    moved = splines.shift(5, 9, kind) @ values  # knots are two steps apart
    np.testing.assert_allclose(moved[-1], values[-1])
    np.testing.assert_allclose(moved[:-1], path[1:-1:2], atol=1e-12)
    np.testing.assert_allclose(splines.basis(1, 4, kind), np.ones((4, 1)))


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.5])
def test_colored_noise_has_unit_variance_and_its_spectrum(exponent):
    drawn = np.asarray(noise.colored(jax.random.key(0), 4000, noise.coloring_matrix(32, exponent), 1))[..., 0]
    assert drawn.std() == pytest.approx(1, rel=0.05)
    power = np.square(np.abs(np.fft.rfft(drawn, axis=1))).mean(0)
    slope = np.polyfit(np.log(np.arange(1, 16)), np.log(power[1:16]), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.1)


@pytest.mark.slow
def test_a_diverging_candidate_is_the_worst(slide):
    problem = Problem(slide, TASK, planners.make({"name": "cem"}))
    states = np.ones((3, 4, 2), np.float32)
    states[1, 2] = np.nan
    states[2, 2] = 1e30
    returns = np.asarray(problem.returns(jnp.asarray(states), jnp.zeros((3, 3, 1))))
    assert returns[0] == pytest.approx(-3.3)
    assert (returns[1:] == -1e9).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"period": 2.0}, "planner.period=2 is out of range: it must be above 0 and at most 1"),
        ({"elites": 200}, "planner.elites=200 is out of range: it must be at least 1 and at most 128"),
        ({"interpolation": "cubik"}, "planner.interpolation=cubik is not one of hold, linear, cubic"),
        ({"min_std": 1.0}, "planner.min_std=1 is out of range"),
        ({"smaples": 1}, "unknown key planner.smaples (did you mean `samples`?)"),
    ],
)
def test_a_wrong_option_is_an_error(options, message):
    with pytest.raises(UserError) as error:
        planners.make({"name": "cem", **options})
    assert str(error.value).startswith(message)


def test_mppi_has_no_option_that_it_does_not_use():
    with pytest.raises(UserError, match=r"unknown key planner\.elites"):
        planners.make({"name": "mppi", "elites": 12})


@pytest.mark.parametrize("name", PLANNERS.builtin)
def test_the_yaml_has_the_defaults_of_the_class(name):
    import yaml

    from dynax.cli.composition import conf
    from dynax.config.options import defaults

    group = yaml.safe_load((conf.directory() / "planner" / f"{name}.yaml").read_text())
    assert group == {"name": name, **defaults(PLANNERS.get(name, "planner"))}
