import pytest
from arb_sim.likeness import differences


def test_like_messages_differ_in_nothing():
    sample = {"id": 5, "p": "1.5", "rows": [[1, "2.0", "x"]], "side": "buy", "none": None}
    assert differences(sample, {"id": 9, "p": "0", "rows": [[7, "3", "yes"], []], "side": "sell", "none": None}) == []


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ({}, ".a is missing"),
        ({"a": "1", "b": 2}, ".b is more than the sample has"),
        ({"a": 1}, ".a: expected a number in quotes like '1.0', found 1"),
        ({"a": "one"}, ".a: expected a number in quotes like '1.0', found 'one'"),
        ({"a": None}, ".a: expected a number in quotes like '1.0', found None"),
        ({"a": []}, ".a: expected a number in quotes like '1.0', found []"),
    ],
)
def test_difference_is_told(shown, told):
    assert differences({"a": "1.0"}, shown) == [told]


def test_truth_value_is_no_number():
    assert differences({"a": 1}, {"a": True}) == [".a: expected a whole number like 1, found True"]


def test_rows_have_as_many_columns():
    assert differences([["1", "2"]], [["1", "2", "3"]]) == ["[0]: expected 2 columns, found 3"]
    assert differences([["1", "2"]], [["1", 2]]) == ["[0][1]: expected a number in quotes like '2', found 2"]
    assert differences([["1"]], []) == ["the message: expected elements like ['1'], found none"]


def test_known_differences_are_passed_over():
    assert differences({"a": 1, "b": {"c": 2}}, {"b": {"c": 3, "d": 4}}, absent=["a"], added=["d"]) == []
