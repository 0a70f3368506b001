"""The reader of YAML that a person has written, or that may be somebody else's: aliases and repeated keys are errors.

Aliases can expand without bound, and the parser needs a second for a megabyte.
"""

import re
from typing import Any

import yaml

from dynax.errors import UserError

MAX_CHARACTERS = 2**20  # of a text


class Loader(yaml.SafeLoader):
    """Reads `5e-3` and `1.0e9` as numbers, as OmegaConf does; YAML 1.1 requires a point, and a sign of the exponent."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$", re.ASCII),
    list("-+.0123456789"),
)


class _StrictLoader(Loader):
    """Reads YAML without aliases, repeated keys, and numbers with another value in YAML 1.1 than in YAML 1.2."""

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


def _construct_number(loader: _StrictLoader, node: yaml.ScalarNode) -> Any:
    """Return a number, unless its digits have a second meaning: 010 is 8, 1:30 is 90, and 1_0 is 10."""
    if re.search(r"[:_]|^[-+]?0\d", node.value):
        problem = f"{node.value[:40]} is not a plain number: write its decimal digits, or quote a text"
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
    return Loader.yaml_constructors[node.tag](loader, node)


for _kind in ("int", "float"):
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", _construct_number)


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
