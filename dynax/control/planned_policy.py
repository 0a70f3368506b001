"""A planner as the policy of a collection: the model, the task and the planner of a run of `dynax plan` or `learn`."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from dynax.config.bounds import check_memory
from dynax.config.registries import plugins
from dynax.control import planners, tasks
from dynax.control.planning import batch_plan_function
from dynax.control.predictors import LearnedPredictor
from dynax.control.problem import Problem
from dynax.data.closed_loop import Act
from dynax.data.manifest import difference_text, robot_of
from dynax.envs import Env
from dynax.errors import UserError, renamed_argument
from dynax.math.precision import in_single_precision
from dynax.runs.provenance import package_version
from dynax.runs.saved_model import config_of, model_tree
from dynax.runs.summary import read_summary
from dynax.trained import TrainedModel, load

GROUP = 8  # trajectories that one program plans for; rounding may depend on the slot of a trajectory
COPIES = 3  # of the predicted states of a plan
SAME_ROBOT = "mjcf_sha256", "assets_sha256", "decimation"  # entries of a manifest


class PlannedPolicy:
    """Model predictive control of a group of trajectories.

    Args:
        problem: the task, the planner and the robot.
        trained: the model.

    Raises:
        UserError: if the plans do not fit into memory.
    """

    group: int | None = GROUP

    def __init__(self, problem: Problem, trained: TrainedModel):
        env, planner = problem.env, problem.planner
        self.problem, self.trained, self.repeat = problem, trained, problem.repeat
        steps = round(planner.horizon / env.dt)
        check_memory(
            f"{GROUP} plans with {planner.samples:,} candidates of {steps:,} control steps",
            COPIES * 4 * GROUP * planner.samples * steps * (env.state_dim + env.action_dim),
            "plan with a smaller planner.samples or planner.horizon",
        )
        self.predictor = LearnedPredictor(trained, planner.propagation)
        self.program = batch_plan_function(problem, self.predictor)

    @property
    def identity(self) -> dict[str, Any]:
        """The SHA-256 of the model, the task and the planner, the plugins that define them, and the version of JAX."""
        task, planner, model = self.problem.task, self.problem.planner, self.trained.model
        names = {task.name, planner.name, model.architecture}
        return {
            "kind": "planner",
            "model_sha256": sha256_of(self.trained),
            "task": {"name": task.name, **asdict(task)},
            "planner": {"name": planner.name, **asdict(planner)},
            "plugins": {plugin.name: plugin.sha256 for plugin in plugins() if plugin.name in names},
            "jax": package_version("jax"),
            "platform": jax.default_backend(),
        }

    def start(self, slots: Sequence[int], streams: Sequence[np.random.SeedSequence]) -> Act:
        """Begin trajectories; see `dynax.data.closed_loop.Policy`."""
        return _Group(self, slots, [int(stream.generate_state(1)[0]) for stream in streams])


class _Group:
    """The planners of one group. The free slots of the group are filled with copies of the first trajectory."""

    @in_single_precision
    def __init__(self, policy: PlannedPolicy, slots: Sequence[int], seeds: Sequence[int]):
        self.policy, self.slots, self.step = policy, list(slots), 0
        self.trajectory_of_slot = np.zeros(GROUP, int)
        self.trajectory_of_slot[self.slots] = np.arange(len(self.slots))
        self.keys = jax.vmap(jax.random.key)(jnp.asarray(np.array(seeds, np.uint32)[self.trajectory_of_slot]))
        problem = policy.problem
        planner_state = problem.planner.start(problem.center)
        self.planner_state = jax.tree.map(lambda leaf: jnp.tile(leaf, (GROUP,) + (1,) * jnp.ndim(leaf)), planner_state)
        self.past_states: np.ndarray | None = None
        self.past_actions = np.tile(problem.env.default_action, (GROUP, policy.predictor.history - 1, 1))

    @in_single_precision
    def __call__(
        self, states: Float[np.ndarray, "n k S"], executed: Float[np.ndarray, "n l A"]
    ) -> Float[np.ndarray, "n A"]:
        history, states = self.policy.predictor.history, states[self.trajectory_of_slot]
        before = np.repeat(states[:, :1], history - 1, axis=1) if self.past_states is None else self.past_states
        self.past_states = np.concatenate([before, states], axis=1)[:, -history:]
        past_actions = np.concatenate([self.past_actions, executed[self.trajectory_of_slot]], axis=1)
        self.past_actions = past_actions[:, past_actions.shape[1] - (history - 1) :]
        keys = jax.vmap(jax.random.fold_in, (0, None))(self.keys, self.step)
        arrays = (x.astype(np.float32) for x in (self.past_states, self.past_actions))
        self.planner_state, actions = self.policy.program(self.planner_state, keys, *arrays)
        self.step += 1
        return np.asarray(actions, float)[self.slots]


def planned_policy(run: str | Path, env: Env) -> PlannedPolicy:
    """Return the policy of a run directory of `dynax plan` or `dynax learn`.

    Args:
        run: the run directory.
        env: the robot that the policy will control.

    Raises:
        UserError: if the directory is no such run, if a plugin is missing, or if the run is of another robot.
    """
    path = Path(run).expanduser().absolute()
    trained, task, planner = _recorded(path)
    then, now = robot_of(trained.env), robot_of(env)
    if any(then[key] != now[key] for key in SAME_ROBOT):
        cause = difference_text(then, now) if then["decimation"] == now["decimation"] else _decimations_text(then, now)
        raise UserError(f"policy={run} controls the robot {then['robot']}, not {env.name}: {cause}", "policy")
    return PlannedPolicy(Problem(trained.env, tasks.make(task), planners.make(planner)), trained)


def _recorded(path: Path) -> tuple[TrainedModel, Mapping[str, Any], Mapping[str, Any]]:
    """Return the model, the task and the planner of a run."""
    summary = read_summary(path)
    if summary and summary["command"] == "plan":
        return _trained(path, summary["trained_run"]), summary["task_options"], summary["planner_options"]
    if summary and summary["command"] not in ("train", "learn"):
        raise UserError(f"policy={path} is a run of `dynax {summary['command']}`, not of plan or learn", "policy")
    with renamed_argument("run", "policy"):
        trained = load(path)
    if not {"task", "planner"} <= trained.config.keys():
        advice = f"run `dynax plan run={path} task=<task>`, and use the directory that it prints"
        raise UserError(f"policy={path} is a training run, which has no task: {advice}", "policy")
    return trained, trained.config["task"], trained.config["planner"]


def _trained(path: Path, run: str) -> TrainedModel:
    """Return the model of the training run that a run of `dynax plan` has used."""
    try:
        return load(run)
    except UserError as error:
        raise UserError(f"policy={path} uses a training run that cannot be read: {error}", "policy") from error


def _decimations_text(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    return f"their env.decimation is {then['decimation']} and {now['decimation']}"


def sha256_of(trained: TrainedModel) -> str:
    """Return the SHA-256 of a model: of its options, its parameters and its normalization."""
    digest = hashlib.sha256(json.dumps(config_of(trained.model)["model"], sort_keys=True).encode())
    leaves, _ = jax.tree.flatten_with_path(model_tree(trained.params))
    for key, leaf in leaves:
        array = np.asarray(leaf)
        digest.update(f"{jax.tree_util.keystr(key)} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
