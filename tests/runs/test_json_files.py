"""JSON files: content of other types is one sentence."""

import os
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest

from dynax.errors import UserError
from dynax.runs.json_files import Range, read_json


class Inner(TypedDict):
    name: str


class Outer(TypedDict):
    n: int
    x: float
    inner: Inner
    names: list[str]
    table: dict[str, str | None]
    anything: Any
    optional: NotRequired[bool]
    share: NotRequired[Annotated[float, Range(0, 1)]]
    kind: NotRequired[Literal["a", "b"]]


GOOD = '{"n": 1, "x": 2, "inner": {"name": "a", "more": 1}, "names": ["b"], "table": {"c": null}, "anything": [[]]}'


def message(path, schema=Outer):
    with pytest.raises(UserError) as error:
        read_json(path, schema, "the thing is damaged")
    text = str(error.value)
    assert text.startswith(f"the thing is damaged: {path}")
    assert "\n" not in text
    return text


def test_content_of_the_right_types_is_returned(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(GOOD)
    assert read_json(path, Outer, "")["inner"] == {"name": "a", "more": 1}


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ('"n": 1, ', "", "the key n is missing"),
        ('"n": 1', '"n": true', "the key n must be an integer, not true"),
        ('"n": 1', '"n": 1.5', "the key n must be an integer, not 1.5"),
        ('"x": 2', '"x": "2"', 'the key x must be a number, not "2"'),
        ('"name": "a"', '"name": {}', "the key inner.name must be a text, not {}"),
        ('{"name": "a", "more": 1}', "[]", "the key inner must be an object, not []"),
        ('["b"]', '["b", 3]', "the key names.1 must be a text, not 3"),
        ('{"c": null}', '{"c": 1}', "the key table.c must be a text or null, not 1"),
        ('"x": 2', '"x": 2, "optional": 0', "the key optional must be true or false, not 0"),
        ('"x": 2', '"x": 2, "share": 1.5', "the key share must be a number from 0 to 1, not 1.5"),
        ('"x": 2', '"x": 2, "share": NaN', "the key share must be a number from 0 to 1, not NaN"),
        ('"x": 2', '"x": 2, "kind": "c"', 'the key kind must be a or b, not "c"'),
        (
            '"n": 1',
            '"n": 9223372036854775808',
            "the key n must be an integer of at most 64 bits, not 9223372036854775808",
        ),
    ],
)
def test_a_difference_is_named(tmp_path, old, new, difference):
    path = tmp_path / "a.json"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    assert message(path).endswith(difference)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b"9" * 10_000, b"null", b"[]", b"3"])
def test_other_files_are_named(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    message(path)


def test_missing_and_special_files_are_named(tmp_path):
    assert message(tmp_path / "none").endswith("is missing")
    assert message(tmp_path).endswith("is not a regular file")
    os.mkfifo(tmp_path / "pipe")
    assert message(tmp_path / "pipe").endswith("is not a regular file")
