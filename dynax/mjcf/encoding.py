"""The text of an XML file in any encoding."""

import codecs
import re

from dynax.errors import UserError

DECLARATION = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


def decode_xml(content: bytes, source: str, argument: str) -> tuple[str, bool]:
    """Return the text of an XML file, and whether the file is in UTF-8.

    The encoding is that of the XML declaration, by default UTF-8. In the text of a file in another encoding, the
    declaration names UTF-8.

    Args:
        content: content of the file.
        source: the file, for error messages.
        argument: name of the argument that contains the path, for error messages.

    Raises:
        UserError: if the encoding is unknown, or if the file is not in this encoding.
    """
    content = content.removeprefix(codecs.BOM_UTF8)
    declaration = DECLARATION.match(content)
    encoding = declaration[1].decode() if declaration else "UTF-8"
    try:
        text = content.decode(encoding)
    except LookupError:
        raise UserError(
            f"{source} declares the encoding {encoding}, which is unknown: save it as UTF-8", argument
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{source} is not in the encoding {encoding} (byte {error.start}): save it as UTF-8, or declare its "
            'encoding in the first line, such as <?xml version="1.0" encoding="ISO-8859-1"?>',
            argument,
        ) from None
    if codecs.lookup(encoding).name == "utf-8":
        return text, True
    assert declaration
    start, end = declaration.span(1)
    return text[:start] + "UTF-8" + text[end:], False
