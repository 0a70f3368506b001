"""The reader of YAML that a person has written, or that may be somebody else's: aliases and repeated keys are errors.

Aliases can expand without bound, and the parser needs a second for a megabyte.
"""

import re
from typing import Any

import yaml

from dynax.errors import UserError

MAX_CHARACTERS = 2**20  # of a text


class Loader(yaml.SafeLoader):
    """Reads `5e-3` as a number, as OmegaConf does; YAML 1.1 requires a point."""


Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+[eE][-+]?\d+$"), list("-+0123456789"))


class _StrictLoader(Loader):
    """Reads YAML without aliases and without repeated keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="an alias (*name) is not allowed", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value} occurs twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str) -> Any:
    """Return the content of a YAML text.

    Raises:
        UserError: if the text is too long or not valid; the message names the line and the reason.
    """
    if len(text) > MAX_CHARACTERS:
        raise UserError(f"the text has {len(text):,} characters, but at most {MAX_CHARACTERS:,} are allowed")
    try:
        return yaml.load(text, _StrictLoader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise UserError(f"{line}{error.problem or error.context}") from None
    except RecursionError:
        raise UserError("the text is nested too deeply") from None
    except (ValueError, yaml.YAMLError) as error:  # ValueError: a date or a number that Python cannot represent
        raise UserError(" ".join(str(error).split())) from None
