"""Messages: what was found, what is allowed, and the nearest valid name."""

import pytest

from dynax.errors import UserError, check_choice, check_range, did_you_mean


def test_a_near_name_is_suggested():
    assert did_you_mean("transfomer", ["mlp", "resnet", "transformer"]) == " (did you mean `transformer`?)"


def test_where_no_name_is_near_none_is_suggested():
    assert did_you_mean("xyz", ["mlp", "resnet", "transformer"]) == ""


def test_a_choice_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(UserError) as error:
        check_choice("collect.backend", "natve", ["auto", "mjx", "native"])
    assert str(error.value) == "collect.backend=natve is not one of auto, mjx, native (did you mean `native`?)"


def test_a_choice_that_is_there_passes():
    check_choice("collect.backend", "mjx", ["auto", "mjx", "native"])


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_the_ends_of_a_range_belong_to_it(value):
    check_range("key", value, 0, 1)


def test_an_open_end_does_not_belong_to_the_range():
    with pytest.raises(UserError, match=r"training.learning_rate=0 is out of range: it must be above 0$"):
        check_range("training.learning_rate", 0, 0, open_low=True)


def test_a_value_out_of_range_is_told_with_both_bounds():
    with pytest.raises(UserError, match=r"ema_decay=1.5 is out of range: it must be at least 0 and at most 1$"):
        check_range("ema_decay", 1.5, 0, 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_a_finite_number_is_out_of_every_range(value):
    with pytest.raises(UserError, match="out of range"):
        check_range("eval.seconds", value, 0)
