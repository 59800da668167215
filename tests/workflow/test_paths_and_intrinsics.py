"""JSONPath and the 18 intrinsic functions yield what AWS documents."""

import contextlib
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.queries.intrinsics import FUNCTIONS, IntrinsicFailed, InvalidIntrinsic, parse_intrinsic
from workflow.queries.jsonpath_reading import InvalidPath, UnmatchedPath, parse_path

DATA: Any = {
    "order": {"id": "o-1", "lines": [{"sku": "a", "price": 3}, {"sku": "b", "price": 12}], "the note": "x"},
    "n": [1, 2, 3, 4],
    "empty": [],
    "null": None,
    "holes": [{"a": 1}, {"a": None}, {"b": 1}],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", DATA),
        ("$.order.id", "o-1"),
        ("$['order']['the note']", "x"),
        ("$.order.lines[1].sku", "b"),
        ("$.n[-1]", 4),
        ("$.null", None),
        ("$.order.lines[*].sku", ["a", "b"]),
        ("$..sku", ["a", "b"]),
        ("$.n[1:3]", [2, 3]),
        ("$.n[0,3]", [1, 4]),
        ("$.n.length()", 4),
        ("$.order.lines[?(@.price > 10)].sku", ["b"]),
        ("$.order.lines[?(@.price > 10 || @.sku == 'a')].price", [3, 12]),
        ("$.order.lines[?(!(@.sku == 'a'))].sku", ["b"]),
        ("$.order.lines[?(@.nope)]", []),
        ("$.order['id','the note']", {"id": "o-1", "the note": "x"}),
        ("$.empty[*]", []),
        ("$.order.lines.[*].['sku', 'price']", [{"sku": "a", "price": 3}, {"sku": "b", "price": 12}]),
        ("$.['order'].id", "o-1"),
        ("$.order.lines[?(@['price'] in [3, 4])].sku", ["a"]),
        ("$.n[:2]", [1, 2]),
        ("$.n[-2:]", [3, 4]),
        ("$..[?(@.sku == 'b')].price", [12]),
        ("$.n.last()", 4),
        ("$.n[1:-1]", []),
        ("$.n[-3:-1]", [2, 3]),
        ("$.n[2:9]", [3, 4]),
        ("$.holes[?(@.a)]", [{"a": 1}]),
        ("$.holes[?(!@.a)]", [{"a": None}, {"b": 1}]),
        ("$.holes[?(@.a != 1)]", [{"a": None}, {"b": 1}]),
        ("$.holes[?(@.a nin [1])]", [{"a": None}, {"b": 1}]),
        ("$.holes[?(@.a == null)]", [{"a": None}]),
        ("$.holes[?(@.a == '1')]", [{"a": 1}]),
        ("$.order.lines[?(@.price in ['12', 'x'])].sku", ["b"]),
        ("$.order.lines[?(@.price =~ /1\\d/)].sku", ["b"]),
        ("$.order.lines[?(@.sku == 0)].sku", []),
        ("$.order.lines[?(@.sku == b)].price", [12]),
        ("$.order.lines[?(@.sku==b && @.price != 3)].price", [12]),
        ("$.order.lines[?(@.sku == /eggs/cooked-well.2)]", []),
        ("$.order.lines[?(@.price == 12)].sku", ["b"]),
    ],
)
def test_a_path_finds_its_values(path: str, found: Any) -> None:
    assert parse_path(path).find(DATA, DATA) == found


@pytest.mark.parametrize("path", ["$.nope", "$.n[9]", "$.order.id.x", "$.null.x", "$.order[0]"])
def test_a_path_without_a_match_is_an_error(path: str) -> None:
    """AWS fails the state, while MiniStack yields null."""
    with pytest.raises(UnmatchedPath):
        parse_path(path).find(DATA)


@pytest.mark.parametrize(
    "path", ["", "order", "$.", "$..", "$.a[", "$.a[b]", "$.a b", "$.a[?(@.b ==)]", "$.a[1:2:0]", "$.f()"]
)
def test_an_invalid_path_is_rejected_with_its_position(path: str) -> None:
    with pytest.raises(InvalidPath, match=r", at character \d+: "):
        parse_path(path)


@given(st.text(max_size=40))
def test_any_string_is_parsed_or_rejected(text: str) -> None:
    """The only exceptions are InvalidPath and InvalidIntrinsic."""
    for start in ("", "$", "$.a", "$[?(@", "States.Format("):
        with contextlib.suppress(InvalidPath):
            parse_path(start + text)
        with contextlib.suppress(InvalidIntrinsic):
            parse_intrinsic(start + text)


@pytest.mark.parametrize(
    ("path", "value", "into", "expected"),
    [
        ("$", 1, {"a": 2}, 1),
        ("$.b", 1, {"a": 2}, {"a": 2, "b": 1}),
        ("$.a", 1, {"a": 2, "b": 3}, {"a": 1, "b": 3}),
        ("$.b.c", 1, {"a": 2}, {"a": 2, "b": {"c": 1}}),
        ("$.a[1]", 9, {"a": [1, 2]}, {"a": [1, 9]}),
        ("$['a b']", 1, {}, {"a b": 1}),
    ],
)
def test_a_value_is_put_into_a_copy(path: str, value: Any, into: Any, expected: Any) -> None:
    before = repr(into)
    changed = parse_path(path).put(value, into)
    assert (repr(changed), repr(into)) == (repr(expected), before)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("States.Format('{} of {}: {}', $.n[0], 'x', $.n)", "1 of x: [1, 2, 3, 4]"),
        ("States.Format('it\\'s \\{\\} {}', $.null)", "it's {} null"),
        ("States.StringToJson('{\"a\": [1]}')", {"a": [1]}),
        ("States.JsonToString($.n)", "[1,2,3,4]"),
        ("States.Array(1, 'a', $.null, true)", [1, "a", None, True]),
        ("States.Array()", []),
        ("States.ArrayPartition($.n, 3)", [[1, 2, 3], [4]]),
        ("States.ArrayContains($.n, 3)", True),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayGetItem($.n, 2)", 3),
        ("States.ArrayLength($.n)", 4),
        ("States.ArrayUnique(States.Array(1, 2, 1, '1'))", [1, 2, "1"]),
        ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "Data to encode"),
        ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        (
            'States.JsonMerge($.order, States.StringToJson(\'{"id": 2, "lines": 0}\'), false)',
            {"id": 2, "lines": 0, "the note": "x"},
        ),
        ("States.MathAdd($.n[3], -1)", 3),
        ("States.MathAdd(-1.49, -1.5)", -2),
        ("States.MathAdd(1.5, 2.5)", 5),
        ("States.StringSplit('1,2,,3', ',')", ["1", "2", "3"]),
        ("States.StringSplit('a.b-c', '.-')", ["a", "b", "c"]),
        ("States.MathRandom(1, 2)", 1),
    ],
)
def test_intrinsics_return_the_documented_results(text: str, result: Any) -> None:
    """The cases include the examples of AWS's guide."""
    assert parse_intrinsic(text).result(lambda path: path.find(DATA), random.Random(0)) == result


@pytest.mark.parametrize(
    "text",
    [
        "States.StringToJson('{')",
        "States.ArrayPartition($.n, 0)",
        "States.ArrayGetItem($.n, 4)",
        "States.ArrayLength('abc')",
        "States.ArrayRange(1, 2000, 1)",
        "States.Base64Decode('%')",
        "States.Hash('a', 'SHA-3')",
        "States.JsonMerge($.order, $.order, true)",
        "States.MathRandom(5, 5)",
        "States.MathAdd('1', 1)",
    ],
)
def test_intrinsics_reject_invalid_arguments(text: str) -> None:
    """The failure, States.IntrinsicFailure on the wire, has the function's name in its cause."""
    with pytest.raises(IntrinsicFailed, match=r"States\.\w+: "):
        parse_intrinsic(text).result(lambda path: path.find(DATA), random.Random(0))


@pytest.mark.parametrize("text", [r"\'", r"\{", r"\}", r"\\", r"\\\\n", r"\\\'"])
def test_a_backslash_is_allowed_only_before_four_characters(text: str) -> None:
    """The developer guide lists the four characters, and calls any other open backslash an error."""
    parse_intrinsic(f"States.Array('{text}')")
    for wrong in (r"\n", '\\"', r"\u0041", r"\ "):
        with pytest.raises(InvalidIntrinsic, match="a backslash is allowed only before"):
            parse_intrinsic(f"States.Array('{text}{wrong}')")


def test_all_eighteen_intrinsics_are_implemented() -> None:
    assert len(FUNCTIONS) == 18


def test_calls_nest_at_most_ten_deep() -> None:
    for depth, allowed in ((10, True), (11, False)):
        text = "States.ArrayLength($)"
        for _ in range(depth - 1):
            text = f"States.Array({text})"
        if allowed:
            parse_intrinsic(text)
        else:
            with pytest.raises(InvalidIntrinsic, match="more than 10 nested calls"):
                parse_intrinsic(text)
