"""One plan: the iterations of a planner with a predictor, compiled by JAX if the predictor can be compiled."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dynax.control.planners.planner import Search
from dynax.control.predictors import Predictor
from dynax.control.problem import Problem
from dynax.math.arrays import Leaf

NUM_BEST_PATHS = 8  # predictions in a plan, for pictures


class Plan(NamedTuple):
    """A plan, and predictions of the best candidates."""

    actions: Leaf  # (T, A)
    best_paths: Leaf  # predicted states of the best candidates, (F, T1, S), the best candidate first


# (search, key, states (h, S), past actions (h - 1, A)) -> the next search and the plan
PlanFunction = Callable[[Search, jax.Array, np.ndarray, np.ndarray], tuple[Search, Plan]]
# the same for n searches, keys (n,), states (n, h, S) and past actions (n, h - 1, A) -> searches, next actions (n, A)
BatchPlanFunction = Callable[[Search, jax.Array, np.ndarray, np.ndarray], tuple[Search, jax.Array]]


def plan_function(problem: Problem, predictor: Predictor) -> PlanFunction:
    """Return the function that computes a plan."""
    return _compiled(problem, predictor) if predictor.compiled else _stepwise(problem, predictor)


def batch_plan_function(problem: Problem, predictor: Predictor) -> BatchPlanFunction:
    """Return the function that computes plans for several states, with a predictor that can be compiled."""
    plan = _program(problem, predictor)

    @jax.jit
    @partial(jax.vmap, in_axes=(None, 0, 0, 0, 0))
    def program(variables, search: Search, key: jax.Array, states: jax.Array, past: jax.Array):
        search, found = plan(variables, search, key, states, past)
        return search, found.actions[0]

    return partial(program, predictor.variables)


def _compiled(problem: Problem, predictor: Predictor) -> PlanFunction:
    """Return the function as one program."""
    program = jax.jit(_program(problem, predictor))

    def plan(search: Search, key: jax.Array, states: np.ndarray, past: np.ndarray) -> tuple[Search, Plan]:
        return program(predictor.variables, search, key, states.astype(np.float32), past.astype(np.float32))

    return plan


def _program(problem: Problem, predictor: Predictor) -> Callable[..., tuple[Search, Plan]]:
    """Return the function in JAX."""
    planner = problem.planner

    def program(variables, search: Search, key: jax.Array, states: jax.Array, past: jax.Array):
        search, best_paths = planner.shift(search), jnp.zeros(())
        for i in range(planner.iterations):
            candidates = planner.sample(search, jax.random.fold_in(key, i), i)
            actions = problem.actions(candidates)
            paths = predictor.predict(variables, states, past, actions)
            returns = problem.returns(paths, actions)
            paths = paths.reshape(-1, *paths.shape[-3:]).mean(axis=0)  # over the members of an ensemble
            search = planner.update(search, candidates, returns)
            best_paths = paths[jnp.argsort(-returns)[:NUM_BEST_PATHS]]
        return search, Plan(problem.actions(planner.chosen(search)[None])[0], best_paths)

    return program


def _stepwise(problem: Problem, predictor: Predictor) -> PlanFunction:
    """Return the function with a prediction outside of JAX. Candidates and updates are still compiled."""
    planner = problem.planner
    shift = jax.jit(planner.shift)
    expand = jax.jit(problem.actions)
    samplers = [jax.jit(lambda search, key, i=i: _drawn(problem, search, key, i)) for i in range(planner.iterations)]

    @jax.jit
    def update(search: Search, candidates: jax.Array, paths: jax.Array, actions: jax.Array):
        returns = problem.returns(paths, actions)
        return planner.update(search, candidates, returns), jnp.argsort(-returns)[:NUM_BEST_PATHS]

    def plan(search: Search, key: jax.Array, states: np.ndarray, past: np.ndarray) -> tuple[Search, Plan]:
        search, best_paths = shift(search), np.zeros(())
        for sample in samplers:
            candidates, actions = sample(search, key)
            paths = np.asarray(predictor.predict(predictor.variables, states, past, actions))
            search, best = update(search, candidates, paths.astype(np.float32), actions)
            best_paths = paths[np.asarray(best)]
        return search, Plan(expand(planner.chosen(search)[None])[0], best_paths)

    return plan


def _drawn(problem: Problem, search: Search, key: jax.Array, iteration: int) -> tuple[jax.Array, jax.Array]:
    """Return candidates and their actions."""
    candidates = problem.planner.sample(search, jax.random.fold_in(key, iteration), iteration)
    return candidates, problem.actions(candidates)


def as_float64(plan: Plan) -> Plan:
    """Return a plan as NumPy arrays."""
    return Plan(*(np.asarray(array, np.float64) for array in plan))
