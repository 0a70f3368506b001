"""Private parts of Hydra and OmegaConf that have no public equivalent. Nothing else imports private names of them."""

import argparse
from typing import Any

from hydra._internal.utils import get_args_parser
from omegaconf import Container


def flag_parser() -> argparse.ArgumentParser:
    """Return Hydra's parser of flags and overrides. Hydra itself calls it only inside `hydra.main`."""
    return get_args_parser()


def root_of(node: Container) -> Any:
    """Return the whole config that `node` belongs to. An OmegaConf error contains only the node."""
    return node._get_root()
