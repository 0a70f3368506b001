"""`dynax collect`: drive a robot and keep what happens as a dataset."""

import time
from dataclasses import asdict
from pathlib import Path

from omegaconf import DictConfig

from dynax import envs, excitations
from dynax.cli import console
from dynax.config.options import section
from dynax.config.schema import CollectConfig
from dynax.data import collection
from dynax.evaluation import warmstart
from dynax.evaluation.warmstart import WarmstartCheck
from dynax.runs.summary import DATASETS, run_directory, write_summary


def run(cfg: DictConfig) -> Path:
    """Collect the dataset `cfg` describes, or find it, and return its directory."""
    config = section(CollectConfig, cfg.collect, "collect")
    env, excitation = envs.make(cfg.env), excitations.make(cfg.excitation)
    begun = time.monotonic()
    total = config.num_rollouts * config.rollout_length
    with console.progress(f"collect {env.name}", total, "transitions") as update:
        data = collection.collect(env, excitation, config, DATASETS, lambda done, total: update(done), warmstart.check)
    manifest, hidden = data.manifest, WarmstartCheck.load(data.path)
    size = sum(p.stat().st_size for p in data.path.rglob("*") if p.is_file())
    console.facts(
        f"Dataset of {env.name}",
        [
            ("trajectories", f"{len(data):,} of {config.rollout_length} steps ({config.rollout_length * env.dt:g} s)"),
            ("transitions", f"{data.num_transitions:,}"),
            ("excitation", manifest["excitation"]["name"]),
            ("backend", f"{manifest['backend']} ({manifest['dtype']})"),
            ("size", f"{size / 1e6:.1f} MB"),
            ("hidden state", str(hidden or "not looked for")),
        ],
    )
    write_summary(
        run_directory(),
        "collect",
        {
            "env": env.name,
            "dataset": str(data.path),
            "dataset_sha256": manifest["sha256"],
            "transitions": data.num_transitions,
            "size_bytes": size,
            "backend": manifest["backend"],
            "collect_seed": config.seed,
            "warm_start_check": hidden and asdict(hidden),
            "wall_time_s": time.monotonic() - begun,
        },
    )
    return data.path
