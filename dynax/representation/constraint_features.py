"""Features of constraints: joint limits and contacts."""

from dataclasses import dataclass
from typing import Any

from jaxtyping import Float

from dynax.envs.env import Env
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.collision.pairs import pairs_for_features
from dynax.representation.contact_features import ContactFeatures
from dynax.representation.frames import BaseFrame
from dynax.representation.limit_features import LimitFeatures


@dataclass(frozen=True, eq=False)
class ConstraintFeatures:
    """Features of joint limits, and of contacts if the robot has any and is completely observed."""

    limits: LimitFeatures | None = None
    contacts: ContactFeatures | None = None

    @classmethod
    def of(cls, env: Env, frame: BaseFrame) -> "ConstraintFeatures":
        """Return the features of a robot's joint limits and contacts, with vectors in the axes of `frame`."""
        limits = LimitFeatures(env.space)
        if not env.space.observed.all():
            return cls(limits)
        contacts = Contacts.between(env.mj_model, pairs_for_features(env.mj_model)[0])
        features = ContactFeatures(env.mj_model, env.space, contacts, frame) if contacts else None
        return cls(limits, features)

    def __call__(self, states: Float[Any, "... S"], contacts: Float[Any, "... Fc"] | None = None) -> list[Any]:
        """Return the features of states as a list of arrays (..., F).

        Args:
            states: states of the robot.
            contacts: the contact features of `states`, if they are already computed.
        """
        features = [self.limits(states)] if self.limits else []
        if self.contacts:
            features.append(self.contacts(states) if contacts is None else contacts)
        return features
