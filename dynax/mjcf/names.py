"""Names of the elements of a model. An element without a name receives a generated name that no other element has."""

from collections.abc import Iterable, Iterator

import mujoco
import numpy as np
from jaxtyping import Int


def joint_names(model: mujoco.MjModel) -> tuple[str, ...]:
    """Return the names of the joints, such as `joint0` for a joint without a name."""
    return _named((model.joint(j).name for j in range(model.njnt)), "joint")


def actuator_names(model: mujoco.MjModel) -> tuple[str, ...]:
    """Return the names of the controls, such as `actuator0` for an actuator without a name."""
    return _named((model.actuator(i).name for i in range(model.nu)), "actuator")


def body_names(model: mujoco.MjModel, bodies: Int[np.ndarray, " n"]) -> tuple[str, ...]:
    """Return the names of some bodies, such as `body3` for body 3 if it has no name."""
    names = _named((model.body(i).name for i in range(model.nbody)), "body")
    return tuple(names[i] for i in bodies.tolist())


def unique(names: Iterable[str], taken: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names with `_` appended to each name in `taken`, and to each repeated name."""
    return tuple(_unique(names, set(taken)))


def _named(names: Iterable[str], kind: str) -> tuple[str, ...]:
    names = list(names)
    generated = iter(unique((f"{kind}{i}" for i, name in enumerate(names) if not name), filter(None, names)))
    return tuple(name or next(generated) for name in names)


def _unique(names: Iterable[str], taken: set[str]) -> Iterator[str]:
    for name in names:
        while name in taken:
            name = f"{name}_"
        taken.add(name)
        yield name
