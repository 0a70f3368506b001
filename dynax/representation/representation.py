"""What a model sees of a state and what it predicts: the options of its representation, and the maps they make.

Axes: `...` any batch, S state, F features, D target, nv degrees of freedom, na activations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from dynax.envs.env import Env
from dynax.errors import check_choice
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.collision.pairs import selection
from dynax.mjcf.invariances import galilean_invariant_dofs
from dynax.mjcf.joints import BALL, FREE
from dynax.representation import features
from dynax.representation.contact_features import ContactFeatures
from dynax.representation.frames import FRAMES, Floating, Frame, frame_of
from dynax.representation.planar import Planar


@dataclass(frozen=True, eq=False)
class Representation:
    """The maps from states to features and to targets, and from a predicted target to the next state.

    What the robot hides (`env.observe`) enters no feature and no target, and stays as it was given.
    """

    env: Env
    angles: str  # raw | sincos
    target: str  # delta | acceleration
    constraints: str  # none | features | layer
    drop_invariant: bool
    frame: str  # world | robot

    def __post_init__(self):
        check_choice("model.angles", self.angles, features.ANGLES)
        check_choice("model.target", self.target, features.TARGETS)
        check_choice("model.constraints", self.constraints, features.CONSTRAINTS)
        check_choice("model.frame", self.frame, FRAMES)

    @cached_property
    def base(self) -> Frame | None:
        """The frame of the robot's base, with `frame=robot` of a robot that floats and hides nothing of it.

        One that moves in a plane has its own for a network. The equations behind a constraint layer know the plane.
        """
        find = Floating.of if self.constraints == "layer" else frame_of
        frame = find(self.env.mj_model) if self.frame == "robot" else None
        return frame if frame and self.env.space.observed[: self.env.space.nv][frame.dofs].all() else None

    @cached_property
    def contact_features(self) -> ContactFeatures | None:
        """What tells of contacts, with `constraints=features` of a robot that can touch something and hides nothing."""
        if self.constraints != "features" or not self.env.space.observed.all():
            return None
        contacts = Contacts.between(self.env.mj_model, selection(self.env.mj_model)[0])
        return ContactFeatures(self.env.mj_model, self.env.space, contacts, self.base) if contacts else None

    @cached_property
    def unfelt(self) -> np.ndarray:
        """(nv,) bool: velocities left out, because contacts alone could feel them, and those are shown."""
        model, nothing = self.env.mj_model, np.zeros(self.env.space.nv, bool)
        if not (self.drop_invariant and self.contact_features and self.accelerates) or selection(model)[1]:
            return nothing
        found = galilean_invariant_dofs(model)
        mixed = isinstance(self.base, Planar) and not found[:2].all()  # its slides
        return nothing if mixed else found

    @cached_property
    def predicts(self) -> str:
        """`target`, but for a robot that shows positions without their velocities: then nothing but `delta` will do."""
        nv, seen = self.env.space.nv, self.env.space.observed
        blind = seen[:nv] & ~seen[nv : 2 * nv]
        return "delta" if blind.any() else self.target

    @property
    def accelerates(self) -> bool:
        """Whether the target is the change of velocity alone, which the position follows."""
        return self.predicts == "acceleration" and self.env.semi_implicit

    @cached_property
    def dropped(self) -> np.ndarray:
        """(nv,) bool: positions that are not seen, because nothing depends on them or because the robot hides them."""
        space = self.env.space
        # With neither the position nor the stops in sight, a limited joint would run through its stop unseen.
        needed = space.limited & (self.constraints == "none")
        return (space.invariant & ~needed & self.drop_invariant) | ~space.observed[: space.nv]

    @cached_property
    def predicted(self) -> np.ndarray:
        """(D,) int: of the target of a robot that hides nothing, the entries that are there."""
        space = self.env.space
        return np.flatnonzero(space.observed[space.nv :] if self.accelerates else space.observed)

    @cached_property
    def sizes(self) -> tuple[int, int, int]:
        """How many of the features are positions, how many velocities; then activations, stops and contacts."""
        positions, velocities, rest = jax.eval_shape(self._parts, jax.ShapeDtypeStruct((self.env.state_dim,), "f4"))
        return positions.shape[-1], velocities.shape[-1], rest.shape[-1]

    def features(self, states: Any, near: Any = None) -> Any:
        """What the network sees of states (..., S), before normalization: (..., F).

        `near` is what `self.contact_features` says of them, if that is known: nothing else takes long.
        """
        return states.__array_namespace__().concat(self._parts(states, near), axis=-1)

    def _parts(self, states: Any, near: Any = None) -> tuple[Any, Any, Any]:
        space, xp = self.env.space, states.__array_namespace__()
        velocities = space.qvel(states)
        if self.base:
            velocities = self.base.seen(states, velocities)
        seen = space.observed[space.nv : 2 * space.nv], space.observed[2 * space.nv :]
        rest = [space.act(states)[..., seen[1]]]
        if self.constraints == "features":
            rest.append(features.stops(space, states))
        if self.contact_features:
            rest.append(self.contact_features(states) if near is None else near)
        positions = features.positions(space, states, self.angles, self.dropped, self.base)
        return positions, velocities[..., seen[0] & ~self.unfelt], xp.concat(rest, axis=-1)

    def targets(self, states: Any, following: Any) -> Any:
        """What is to be predicted between consecutive states (..., S), before normalization: (..., D)."""
        target = features.targets(self.env.space, states, following, self.predicts, self.env.semi_implicit)
        return self.framed(states, target)[..., self.predicted]

    def integrate(self, states: Any, target: Any) -> Any:
        """The states that follow `states` (..., S) under the predicted target (..., D)."""
        space, xp = self.env.space, target.__array_namespace__()
        whole = self.unframed(states, self._scattered(target))
        change = features.tangent(space, states, whole, self.predicts, self.env.semi_implicit)
        return space.add(states, xp.where(space.observed, change, 0.0))

    def _scattered(self, target: Any) -> Any:
        """The target (..., D) of a robot that hides something, with zeros for what it hides."""
        space, xp = self.env.space, target.__array_namespace__()
        if space.observed.all():
            return target
        size = space.nv + space.na + space.nv * (not self.accelerates)
        index = np.full(size, target.shape[-1])
        index[self.predicted] = np.arange(target.shape[-1])
        return xp.concat([target, xp.zeros_like(target[..., :1])], axis=-1)[..., index]

    def framed(self, states: Any, target: Any) -> Any:
        """A whole target with linear changes in the axes of the base, where there is one."""
        return self._turned(states, target, self.base.seen) if self.base else target

    def unframed(self, states: Any, target: Any) -> Any:
        """A whole target with linear changes in the axes of the world."""
        return self._turned(states, target, self.base.unseen) if self.base else target

    def _turned(self, states: Any, target: Any, turn: Callable[[Any, Any], Any]) -> Any:
        nv = self.env.space.nv
        count = (target.shape[-1] - self.env.space.na) // nv  # changes of velocity, and before them of position
        parts = [turn(states, target[..., k * nv : (k + 1) * nv]) for k in range(count)]
        return target.__array_namespace__().concat([*parts, target[..., count * nv :]], axis=-1)

    @property
    def notes(self) -> tuple[str, ...]:
        """Where the options mean something else for this robot than for others, in sentences."""
        env, kinds = self.env, self.env.mj_model.jnt_type
        floats = bool((kinds == FREE).any())
        why = f"env.decimation={env.decimation}" if env.decimation > 1 else f"the integrator {env.integrator}"
        missing = selection(self.env.mj_model)[1] if self.constraints == "features" else ""
        notes = {
            f"contacts of {missing} are not among the features": bool(missing),
            "stops of ball joints are not among the features":
                self.constraints == "features" and bool((kinds[env.mj_model.jnt_limited != 0] == BALL).any()),
            "model.target=delta instead of acceleration: the robot hides velocities of positions that it shows":
                self.predicts != self.target,
            f"the change of position is learned too: with {why} it is not dt times the new velocity":
                self.predicts == "acceleration" and not self.accelerates,
            f"model.frame=robot keeps place and heading in sight: {self.base.kept if self.base else ''}":
                self.base is not None and bool(self.base.kept),
            "model.frame=robot without effect: a part of the robot stands in the world, or hides something":
                self.frame == "robot" and floats and self.base is None,
        }  # fmt: skip
        return tuple(text for text, holds in notes.items() if holds)

    @property
    def told(self) -> tuple[str, ...]:
        """What these options tell a model of the robot before it sees any data."""
        space = self.env.space
        what = {
            "which joints turn": self.angles == "sincos" and space.angular.any(),
            "semi-implicit integration": self.accelerates,
            "integration but for a residual": self.predicts == "acceleration" and not self.accelerates,
            "what is invariant": bool(self.dropped[space.invariant].any() or self.unfelt.any()),
            self.base.told if self.base else "": self.base is not None and bool(self.base.told),
            "where the stops are": self.constraints == "features" and space.limited.any(),
            "what may touch what, and where": self.contact_features is not None,
        }
        return tuple(text for text, is_told in what.items() if is_told)
