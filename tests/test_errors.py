"""The exceptions and the checks: messages, suggestions, and config sections."""

import pytest
from omegaconf import OmegaConf

from dynax.errors import (
    MAX_CHARACTERS,
    RunError,
    UserError,
    check_choice,
    check_range,
    config_section,
    did_you_mean,
    kind_of,
    renamed_argument,
)


def test_a_similar_name_is_suggested():
    assert did_you_mean("transfomer", ["mlp", "resnet", "transformer"]) == " (did you mean `transformer`?)"


def test_without_a_similar_name_nothing_is_suggested():
    assert did_you_mean("xyz", ["mlp", "resnet", "transformer"]) == ""


def test_an_unknown_choice_is_an_error_with_a_suggestion():
    with pytest.raises(UserError) as error:
        check_choice("collect.backend", "natve", ["auto", "mjx", "native"])
    assert str(error.value) == "collect.backend=natve is not one of auto, mjx, native (did you mean `native`?)"


def test_a_known_choice_is_accepted():
    check_choice("collect.backend", "mjx", ["auto", "mjx", "native"])


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_the_bounds_of_a_range_are_valid(value):
    check_range("key", value, 0, 1)


def test_an_open_bound_is_invalid():
    with pytest.raises(UserError, match=r"training.learning_rate=0 is out of range: it must be above 0$"):
        check_range("training.learning_rate", 0, 0, open_low=True)


def test_the_message_contains_both_bounds():
    with pytest.raises(UserError, match=r"ema_decay=1.5 is out of range: it must be at least 0 and at most 1$"):
        check_range("ema_decay", 1.5, 0, 1)


@pytest.mark.parametrize(
    ("value", "low", "high", "message"),
    [
        (1.0000001, 0, 1, "key=1.0000001 is out of range: it must be at least 0 and at most 1"),
        (0.99999999, 1, 2, "key=0.99999999 is out of range: it must be at least 1 and at most 2"),
        (2**32, 0, 2**32 - 1, "key=4294967296 is out of range: it must be at least 0 and at most 4294967295"),
        (10**7 + 1, 0, 10**7, "key=10000001 is out of range: it must be at least 0 and at most 10000000"),
        (1000000.5, 0.0, 1e6, "key=1000000.5 is out of range: it must be at least 0 and at most 1e+06"),
        (2.0, 0.0, 1.23456789, "key=2 is out of range: it must be at least 0 and at most 1.23456789"),
        (10**30, 0, 1, "key=1e30 is out of range: it must be at least 0 and at most 1"),
        (1 / 3, 1, 2, "key=0.333333 is out of range: it must be at least 1 and at most 2"),
    ],
)
def test_a_message_does_not_round_a_value_to_its_bound(value, low, high, message):
    with pytest.raises(UserError) as error:
        check_range("key", value, low, high)
    assert str(error.value) == message


def test_the_kind_of_a_value_of_a_yaml_file():
    values = [OmegaConf.create([1]), OmegaConf.create({"a": 1}), (1,), None, "text", 1.5]
    assert [kind_of(value) for value in values] == ["a list", "a mapping", "a list", "null", "str", "float"]


def test_an_argument_is_renamed():
    with (
        pytest.raises(UserError, match=r"^collect\.policy=x is wrong$"),
        config_section("collect"),
        renamed_argument("run", "policy"),
    ):
        raise UserError("run=x is wrong")
    with pytest.raises(UserError, match=r"^running is wrong$"), renamed_argument("run", "policy"):
        raise UserError("running is wrong")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_value_that_is_not_finite_is_invalid(value):
    with pytest.raises(UserError, match="out of range"):
        check_range("eval.seconds", value, 0)


def test_a_message_that_quotes_a_file_is_short():
    assert len(str(UserError("the option " + "x" * 10**6))) == MAX_CHARACTERS + len(" ...")


def test_the_exceptions_are_those_of_python():
    assert issubclass(UserError, ValueError)
    assert issubclass(RunError, RuntimeError)


def test_a_config_section_precedes_the_argument():
    with pytest.raises(UserError, match=r"^training.num_epochs=0 is out of range") as error, config_section("training"):
        check_range("num_epochs", 0, 1)
    assert error.value.argument == "training.num_epochs"


def test_config_sections_may_be_nested():
    with pytest.raises(UserError, match=r"^env.reset.hinge=-1 "), config_section("env"), config_section("reset"):
        check_range("hinge", -1, 0)


def test_a_section_is_not_repeated():
    with pytest.raises(UserError, match=r"^env.decimation=0 "), config_section("env"):
        check_range("env.decimation", 0, 1)


def test_a_message_without_an_argument_is_unchanged():
    with pytest.raises(UserError, match=r"^no file$"), config_section("env"):
        raise UserError("no file")


def test_other_exceptions_are_unchanged():
    with pytest.raises(KeyError), config_section("env"):
        raise KeyError("x")
