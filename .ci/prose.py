"""Check the English of documents, docstrings, comments and messages against the rules of `.ci/prose.toml`.

Usage: python .ci/prose.py [FILE ...]. Without arguments all files of the project are checked. The exit code is 1 if a
sentence breaks a rule. Needs only the standard library.
"""

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ABBREVIATIONS = ("e.g.", "i.e.", "et al.", "vs.", "cf.", "etc.", "approx.", "Fig.", "Eq.", "No.")
WORD = re.compile(r"[A-Za-z][\w'’-]*")


@dataclass(frozen=True)
class Text:
    """A piece of prose, such as a paragraph or a docstring, and the line on which it begins."""

    line: int
    text: str


class Rules:
    """The rules of `prose.toml`. Call `problems(sentence)` to apply them."""

    def __init__(self, config: dict):
        self.words, self.semicolons = config["limits"]["words"], config["limits"]["semicolons"]
        self.files = config["files"]
        self.banned = [(re.compile(pattern, re.I), advice) for pattern, advice in config["banned"].items()]
        self.allowed = [re.compile(rf"\b{re.escape(phrase)}\b", re.I) for phrase in config["allow"]["phrases"]]
        parts = {key: "|".join(config["personified"][key]) for key in ("subjects", "verbs", "between")}
        self.personified = re.compile(
            rf"\b({parts['subjects']})( ({parts['between']}))* ({parts['verbs']})\b(?! (time|data|as))", re.I
        )

    def problems(self, sentence: str) -> Iterator[str]:
        """Yield one line for each rule that `sentence` breaks."""
        for phrase in self.allowed:
            sentence = phrase.sub("ALLOWED", sentence)
        yield from self._length(sentence)
        if not sentence.rstrip("\"')*_ ").endswith("?"):
            if re.match(r"\W*What\b", sentence):
                yield "the sentence begins with 'What' and is no question: begin with the noun"
            elif match := re.search(r"\bwhat(ever)?\b( \w+)?", sentence, re.I):
                yield f"'{match[0]}': name the thing instead of a clause with 'what'"
        if match := self.personified.search(sentence):
            yield f"'{match[0]}': objects do not perceive or speak"
        for pattern, advice in self.banned:
            if match := pattern.search(sentence):
                yield f"'{match[0].strip()}': {advice}"

    def _length(self, sentence: str) -> Iterator[str]:
        count = len(WORD.findall(sentence))
        if count > self.words:
            yield f"{count} words; the limit is {self.words}"
        if sentence.count(";") > self.semicolons and sentence.endswith((".", ":", ")")):  # a bare list has no period
            yield f"{sentence.count(';')} semicolons; the limit is {self.semicolons}"


def read_rules() -> Rules:
    """Return the rules of `prose.toml`."""
    return Rules(tomllib.loads((ROOT / ".ci" / "prose.toml").read_text()))


def sentences(text: str) -> list[str]:
    """Split prose into sentences. Code between backticks and formulas become the word CODE."""
    text = re.sub(r"``[^`]+``|`[^`]+`|\$\$.+?\$\$|\$[^$\n]+\$", "CODE", text, flags=re.DOTALL)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"https?://\S+|\{[^{}]*\}", "CODE", text)
    for abbreviation in ABBREVIATIONS:
        text = text.replace(abbreviation, abbreviation.replace(".", "\u2024"))
    parts = re.split(r"(?<=[.!?])[\"')*_]*\s+(?=[\"'(*_`]*[A-Z0-9]|\w+/)|\n\s*\n", " ".join(text.split(" ")))
    return [" ".join(part.replace("\u2024", ".").split()) for part in parts if part.strip()]


def markdown(content: str) -> Iterator[Text]:
    """Yield the paragraphs, list items and table cells of a Markdown file, without code and generated tables."""
    content = re.sub(r"<!-- (table: |levels).*?<!-- end of .*?-->", _blank, content, flags=re.DOTALL)
    content = re.sub(
        r"^(```+|:::+|~~~+).*?^\1[ \t]*$|<!--.*?-->|^\$\$.*?^\$\$", _blank, content, flags=re.DOTALL | re.M
    )
    block: list[str] = []
    start = 1
    for number, line in enumerate([*content.splitlines(), ""], 1):
        begins_item = re.match(r"\s*([-*+]|\d+\.)\s+|#+ |\||\(\w+\)=|: ", line)
        if (begins_item or not line.strip()) and block:
            yield Text(start, "\n".join(block))
            block = []
        if line.startswith("    ") and not block and not re.match(r"\s*([-*+]|\d+\.)\s", line):
            continue
        if line.startswith("|"):
            yield from (Text(number, cell) for cell in line.strip("|").split("|") if WORD.search(cell))
        elif line.strip():
            start = start if block else number
            block.append(re.sub(r"^\s*([-*+]|\d+\.|#+|:)\s+", "", line))


def _blank(match: re.Match) -> str:
    return "\n" * match[0].count("\n")


def python(content: str) -> Iterator[Text]:
    """Yield the docstrings, comments and messages of a Python file."""
    tree = ast.parse(content)
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                docstrings.add(first.value)
                yield from _docstring(first.value)
    inside = {
        part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    } - docstrings
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "CODE" for part in node.values]
            yield from _message(node, "".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings | inside:
            yield from _message(node, node.value)
    yield from _comments(content)


SECTION = r"(Args|Returns|Raises|Yields|Attributes):\s*$"
ENTRY = rf"{SECTION}|[-*] |\s+\*{{0,2}}\w[\w, .*]*(\([^)]*\))?: "


def _docstring(node: ast.Constant) -> Iterator[Text]:
    """Yield the paragraphs of a docstring. Each entry of Args, Returns or Raises is a paragraph of its own.

    Indented lines elsewhere are formulas or tables, and lists of axes are no sentences. Both are omitted.
    """
    block: list[str] = []
    start, entries = node.lineno, False
    first, *others = str(node.value).splitlines() or [""]
    margin = min((len(line) - len(line.lstrip()) for line in others if line.strip()), default=0)
    for number, line in enumerate([first, *(line[margin:] for line in others), ""], node.lineno):
        if (re.match(ENTRY, line) or not line.strip()) and block:
            yield Text(start, "\n".join(block))
            block = []
        section = re.match(SECTION, line)
        entries = bool(section) or (entries and (line.startswith("    ") or not line.strip()))
        formula = line.startswith("    ") and not entries and not block
        axes = re.match(r"Axes\b", line)
        if line.strip() and not (section or formula or axes):
            start = start if block else number
            block.append(line.strip())


def _message(node: ast.expr, text: str) -> Iterator[Text]:
    """Yield a string if it reads like prose: at least four words, and no code, pattern or markup."""
    if (
        len(WORD.findall(text)) >= 4
        and " " in text.strip()
        and not re.search(r"[<>{}\\^]|\w\(\w*\)|\n.*=|^\W*--", text)
    ):
        yield Text(node.lineno, text)


def _comments(content: str) -> Iterator[Text]:
    """Yield the comments. Full-line comments on consecutive lines form one paragraph."""
    block: list[str] = []
    start = last = -1
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type != tokenize.COMMENT:
            continue
        text = token.string.lstrip("#! ")
        if re.match(r"(noqa|fmt|type|pyright|ruff|pragma)\b", text):
            continue
        text = re.sub(r"\s*#\s*(noqa|type:|pyright).*", "", text)
        line, full = token.start[0], not token.line[: token.start[1]].strip()
        if block and not (full and line == last + 1):
            yield Text(start, "\n".join(block))
            block = []
        start = start if block else line
        block.append(text)
        last = line if full else -1
    if block:
        yield Text(start, "\n".join(block))


def yaml(content: str) -> Iterator[Text]:
    """Yield the comments of a YAML file."""
    block: list[str] = []
    start = 1
    for number, line in enumerate([*content.splitlines(), ""], 1):
        full = re.match(r"\s*# ?(.*)", line)
        if full:
            start = start if block else number
            block.append(full[1].removeprefix("@package _global_"))
            continue
        if block:
            yield Text(start, "\n".join(block))
            block = []
        if match := re.search(r"\s#\s+(.*)$", line):
            yield Text(number, match[1])


READERS = {".md": markdown, ".py": python, ".yaml": yaml}


def check(path: Path, rules: Rules) -> Iterator[str]:
    """Yield the problems of one file, each with its line."""
    for text in READERS[path.suffix](path.read_text()):
        for sentence in sentences(text.text):
            for problem in rules.problems(sentence):
                shown = sentence if len(sentence) < 100 else sentence[:97] + "..."
                yield f"{path}:{text.line}: {problem}\n    {shown}"


def project_files(rules: Rules) -> list[Path]:
    """Return all files of the project that `prose.toml` names."""
    patterns = [pattern for kind in ("markdown", "python", "yaml") for pattern in rules.files[kind]]
    skipped = {path for pattern in rules.files["skip"] for path in ROOT.glob(pattern)}
    return sorted({path for pattern in patterns for path in ROOT.glob(pattern)} - skipped)


def main(arguments: Sequence[str]) -> int:
    """Check the given files, or the whole project, and return the exit code."""
    rules = read_rules()
    files = [Path(argument) for argument in arguments] or project_files(rules)
    problems = [problem for path in files for problem in check(path, rules)]
    print(*problems, f"{len(problems)} problems in {len(files)} files", sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
