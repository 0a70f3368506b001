"""The prose linter flags the old sentences of this project and accepts their rewrites."""

import importlib.util
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = tomllib.loads(Path(__file__).with_name("examples.toml").read_text())
ALL = [*EXAMPLES["sentences"], *EXAMPLES["messages"]]


def load_linter():
    """Import `.ci/prose.py`, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("prose", ROOT / ".ci" / "prose.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["prose"] = module
    spec.loader.exec_module(module)
    return module


prose = load_linter()
RULES = prose.read_rules()


def problems(text):
    return [problem for sentence in prose.sentences(text) for problem in RULES.problems(sentence)]


def test_at_least_40_of_the_48_old_sentences_are_flagged():
    old = [example["old"] for example in EXAMPLES["sentences"]]
    assert len(old) == 48
    assert sum(bool(problems(text)) for text in old) >= 40


def test_most_old_messages_are_flagged():
    assert sum(bool(problems(example["old"])) for example in EXAMPLES["messages"]) >= 8


@pytest.mark.parametrize("text", [example["new"] for example in ALL])
def test_no_rewrite_is_flagged(text):
    assert problems(text) == []


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("What the network returns is a number.", "begins with 'What'"),
        ("The log shows what went wrong.", "'what went'"),
        ("The network sees the state.", "'network sees'"),
        ("One; two; three.", "2 semicolons"),
        (" ".join(["word"] * 31) + ".", "31 words"),
        ("The results stand under the table.", "'stand'"),
    ],
)
def test_each_rule_has_an_example(text, part):
    assert any(part in problem for problem in problems(text))


def test_a_question_may_begin_with_what():
    assert problems("What is a contact?") == []


def test_code_and_tables_between_markers_are_skipped():
    page = "```bash\nlest\n```\n\n<!-- table: x -->\n\n| lest |\n\n<!-- end of x -->\n\nIt has `lest` in it.\n"
    assert [text.text for text in prose.markdown(page)] == ["It has `lest` in it."]


def test_docstrings_comments_and_messages_of_python_are_read():
    code = '"""A docstring."""\n\nx = 1  # a comment\nraise ValueError(f"a message with {x} and more words")\n'
    texts = [(text.line, text.text) for text in prose.python(code)]
    assert texts == [(1, "A docstring."), (4, "a message with CODE and more words"), (3, "a comment")]


def test_formulas_in_docstrings_are_skipped():
    code = 'def f():\n    """Solve.\n\n        lest = 1\n\n    Args:\n        x: the input.\n    """\n'
    assert [(text.line, text.text) for text in prose.python(code)] == [(2, "Solve."), (7, "x: the input.")]


def test_comments_of_yaml_are_read():
    assert [(t.line, t.text) for t in prose.yaml("# one\n# two\nkey: 1  # three\n")] == [(1, "one\ntwo"), (3, "three")]
