"""`dynax collect`: simulate a robot and save its trajectories as a dataset."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from dynax import envs, excitations
from dynax.cli import console
from dynax.cli.collection_policy import make_policy
from dynax.cli.directories import DATASETS, run_directory
from dynax.config.options import section
from dynax.config.schema import CollectConfig
from dynax.data import collection
from dynax.data.dataset import Dataset
from dynax.envs import Env
from dynax.evaluation import warmstart
from dynax.evaluation.warmstart import WarmstartCheck
from dynax.runs.summary import write_summary


def run(cfg: DictConfig) -> Path:
    """Collect the dataset that `cfg` describes, unless it exists, and return its directory."""
    config = section(CollectConfig, cfg.collect, "collect")
    env, excitation = envs.make(cfg.env), excitations.make(cfg.excitation)
    policy = make_policy(config, env)
    start = time.monotonic()
    total = config.num_rollouts * config.rollout_length
    with console.progress(f"collect {env.name}", total, "transitions") as update:
        data = collection.collect(
            env, excitation, config, DATASETS, lambda done, total: update(done), warmstart.check, policy
        )
    size, check = _size(data.path), WarmstartCheck.load(data.path)
    _print_facts(data, env, size, check)
    write_summary(
        run_directory(),
        "collect",
        {
            "env": env.name,
            "dataset": str(data.path),
            "dataset_sha256": data.sha256,
            "transitions": data.num_transitions,
            "size_bytes": size,
            "backend": data.manifest["backend"],
            "collect_seed": config.seed,
            "model_warnings": list(env.warnings),
            "warm_start_check": check and asdict(check),
            "wall_time_s": time.monotonic() - start,
        },
    )
    return data.path


def _size(folder: Path) -> int:
    """Return the total size of the files in a folder, in bytes."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _print_facts(data: Dataset, env: Env, size: int, check: WarmstartCheck | None) -> None:
    manifest = data.manifest
    steps = manifest["rollout_length"]
    console.facts(
        f"Dataset of {env.name}",
        [
            ("trajectories", f"{len(data):,}, each of {steps} steps ({steps * env.dt:g} s)"),
            ("transitions", f"{data.num_transitions:,}"),
            ("excitation", manifest["excitation"]["name"]),
            *_policy(manifest),
            ("backend", f"{manifest['backend']} ({manifest['dtype']})"),
            ("size", f"{size / 1e6:.1f} MB"),
            ("warm-start check", str(check or "not available")),
        ],
    )


def _policy(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the row of the policy, if the dataset has one."""
    policy = manifest.get("policy")
    if policy is None:
        return []
    name = policy["name"] if policy["kind"] == "function" else f"{policy['task']['name']}, {policy['planner']['name']}"
    return [("policy", f"{name}, mixed with a share of {policy['noise']:g} of the excitation")]
