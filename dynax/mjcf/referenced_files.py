"""The files that an XML text names, read with a strict XML parser.

A regular expression is not sufficient: the name of a mesh may contain `file='`. The strict parser and MuJoCo's parser
agree on each text that the strict parser accepts, with two exceptions:

- MuJoCo accepts `--` in comments. This module removes comments first.
- MuJoCo keeps a line break in an attribute, but the strict parser returns a space. This module rejects such files.
"""

import re
from dataclasses import dataclass
from xml.parsers import expat

_TOKEN = re.compile(r"""<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<(?:"[^"]*"|'[^']*'|[^"'>])*+>|[^<]++""", re.DOTALL)
_VALUE = re.compile(rb"""("[^"]*"|'[^']*')""")
_BREAK = re.compile(rb"[\t\r\n]")
_NESTED = ("include", "model")  # elements whose files contain elements


class NotStrictError(ValueError):
    """The text is not well-formed XML, or declares a document type."""


@dataclass(frozen=True)
class References:
    """The files and folders that an XML text names.

    Attributes:
        files: names of files.
        nested: the names in `files` of files that contain elements.
        folders: values of attributes such as `meshdir`.
    """

    files: list[str]
    nested: list[str]
    folders: list[str]


def read_references(text: str) -> References:
    """Return the files that all elements of an XML text name.

    Raises:
        NotStrictError: if the text is not well-formed, or declares a document type, which may define entities.
    """
    found = References([], [], [])
    error = fill_references(text, found)
    if error:
        raise NotStrictError(error)
    return found


def fill_references(text: str, found: References) -> str:
    """Add the references of an XML text, as far as it is well-formed, and return the error or an empty string."""
    content = _without_comments(text.removeprefix("\ufeff")).encode("utf-8", "surrogatepass")
    parser = expat.ParserCreate("utf-8")  # MuJoCo ignores the encoding of the declaration
    parser.ordered_attributes = True

    def element(tag: str, attributes: list[str]) -> None:
        names, values = attributes[::2], attributes[1::2]
        raw = _VALUE.finditer(content, parser.CurrentByteIndex)
        if any(_BREAK.search(value[0]) and "file" in name.lower() for name, value in zip(names, raw, strict=False)):
            raise NotStrictError("the name of a file contains a line break or a tab")
        _add(found, tag.lower(), dict(zip(map(str.lower, names), values, strict=True)))

    def document_type(*_: object) -> None:
        raise NotStrictError("it declares a document type")

    parser.StartElementHandler, parser.StartDoctypeDeclHandler = element, document_type
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, NotStrictError) as error:
        return str(error)
    return ""


def base_name(file: str) -> str:
    """Return the name of a file without its folders, in the notation of any system."""
    return re.split(r"[/\\]", file)[-1]


def _add(found: References, tag: str, attributes: dict[str, str]) -> None:
    """Add the references of an element."""
    files = [value for name, value in attributes.items() if "file" in name and value]
    if re.search("file|path", attributes.get("key", ""), re.IGNORECASE):  # the configuration of a plugin
        files += [value for value in [attributes.get("value", "")] if value]
    found.files.extend(files)
    found.nested.extend(files if tag in _NESTED else [])
    found.folders.extend(value for name, value in attributes.items() if name.endswith("dir") and value)


def _without_comments(text: str) -> str:
    """Return an XML text with line breaks instead of its comments, or the text itself if it has no end."""
    parts, position = [], 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if not token:
            return text
        parts.append("\n" * token[0].count("\n") if token[0].startswith("<!--") else token[0])
        position = token.end()
    return "".join(parts)
