"""The check that a saved model file loads nothing but its saved assets.

MuJoCo reads a file from the disk if the assets do not contain its name. The model of a run that somebody else made
could therefore read, or make MuJoCo open, any file of the user. MuJoCo looks up assets by the name without folders,
before the disk.
"""

from collections.abc import Mapping

from dynax.errors import UserError
from dynax.mjcf.referenced_files import NotStrictError, References, base_name, read_references


def check_self_contained(mjcf: str, assets: Mapping[str, bytes], where: str) -> None:
    """Raise UserError if a model file loads a file that is not among its assets, or is not well-formed XML.

    Args:
        mjcf: the text of the model file.
        assets: its assets by name.
        where: the subject of the message.
    """
    names, checked, texts = {base_name(name) for name in assets}, set(), [mjcf]
    while texts:
        found = references(texts.pop(), where)
        for file in found.files:
            if base_name(file) not in names:
                raise UserError(f"{where} loads the file {file}, which is not among its saved assets")
        nested = {base_name(file).lower() for file in found.nested} - checked  # MuJoCo ignores the case of assets
        texts += [_text(content) for name, content in assets.items() if base_name(name).lower() in nested]
        checked |= nested


def references(text: str, where: str) -> References:
    """Return the files that a model file names. Raise UserError if the text is not well-formed XML."""
    try:
        return read_references(text)
    except NotStrictError as error:
        raise UserError(f"{where} is not well-formed XML, so that its files cannot be checked: {error}") from None


def names_no_file(text: str) -> bool:
    """Return whether `check_self_contained` accepts a text without assets."""
    try:
        return not read_references(text).files
    except NotStrictError:
        return False


def _text(content: bytes) -> str:
    """Return the text of an asset. Invalid bytes become characters that the strict parser rejects."""
    return content.decode("utf-8", "surrogateescape")
