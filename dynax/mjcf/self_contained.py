"""The check that a saved model file loads nothing but its saved assets.

MuJoCo reads a file from the disk if the assets do not contain its name. The model of a run that somebody else made
could therefore read, or make MuJoCo open, any file of the user. MuJoCo looks up assets by the name without folders,
before the disk.
"""

import re
from collections.abc import Mapping
from xml.sax.saxutils import unescape

from dynax.errors import UserError

_FILE = re.compile(r"""\bfile\w*\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_NESTED = re.compile(r"<\s*(include|model)\b", re.IGNORECASE)  # elements whose files contain elements
_QUOTES = {"&quot;": '"', "&apos;": "'"}


def check_self_contained(mjcf: str, assets: Mapping[str, bytes], where: str) -> None:
    """Raise UserError if a model file loads a file that is not among its assets.

    Args:
        mjcf: the text of the model file.
        assets: its assets by name.
        where: the subject of the message.
    """
    names = {_base(name) for name in assets}
    texts = [mjcf]
    if _NESTED.search(mjcf):
        texts += [content.decode("latin-1") for content in assets.values()]
    for text in texts:
        for match in _FILE.finditer(text):
            file = _decoded(match[1] or match[2] or "")
            if file and _base(file) not in names:
                raise UserError(f"{where} loads the file {file}, which is not among its saved assets")


def names_a_file(text: str) -> bool:
    """Return whether a text contains an attribute that names a file, be it in a comment."""
    return any(match[1] or match[2] for match in _FILE.finditer(text))


def _base(name: str) -> str:
    return re.split(r"[/\\]", name)[-1]


def _decoded(value: str) -> str:
    """Return an attribute as MuJoCo's parser returns it."""
    value = re.sub(r"&#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));", _character, value)
    return unescape(value, _QUOTES)


def _character(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    return chr(number) if number <= 0x10FFFF else match[0]
