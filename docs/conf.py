"""Configuration of the documentation site: sphinx-build -W -b html docs docs/_build."""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxTranslator

import dynax

project = "Dynax"
author = "The Dynax authors"
release = version = re.search(r'^version = "(.*)"', (Path(__file__).parents[1] / "pyproject.toml").read_text(), re.M)[1]
assert dynax.__doc__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
highlight_language = "text"
html_theme = "furo"
html_title = f"Dynax {version}"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_show_sourcelink = False


def visit_inline_math(translator: SphinxTranslator, node: nodes.math) -> None:
    """Write a formula as MathML, which browsers show without a script from another site."""
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def visit_block_math(translator: SphinxTranslator, node: nodes.math_block) -> None:
    """Write a displayed formula as MathML."""
    translator.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def as_restructured_text(_app: Sphinx, _kind: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Translate the plain docstrings of Dynax: `code` between backticks, and formulas in indented blocks."""
    result: list[str] = []
    literal = entries = False
    for line in lines:
        indented = line.startswith("    ")
        entries = bool(re.fullmatch(r"(Args|Returns|Raises|Yields|Attributes):", line)) or (entries and indented)
        entries = entries or (not line.strip() and entries)
        if indented and not entries and not literal and result and not result[-1].strip():
            result += ["::", ""]
        literal = (indented and not entries) or (literal and not line.strip())
        result.append(line if literal else _inline(line))
    lines[:] = result


def _inline(line: str) -> str:
    parts = re.split(r"(`+[^`]+`+)", line)
    for i, part in enumerate(parts):
        parts[i] = f"``{part.strip('`')}``" if i % 2 else re.sub(r"([*|\\]|(?<=\w)_(?!\w))", r"\\\1", part)
    return "".join(parts)


def setup(app: Sphinx) -> None:
    """Register the translation of docstrings and the writer of formulas."""
    app.connect("autodoc-process-docstring", as_restructured_text, priority=400)
    app.add_html_math_renderer("mathml", (visit_inline_math, None), (visit_block_math, None))
