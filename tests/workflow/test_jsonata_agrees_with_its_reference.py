"""JSONata yields the results of its reference implementation (2.0.6, which Step Functions uses).

Each expression was run by the reference; those listed here differ in an unpatched `jsonata-python`.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.workflow.defects import ends, jsonata
from workflow import run
from workflow.queries.jsonata_regex import CannotMatch, Pattern

DATA: dict[str, Any] = {
    "holes": [None, 1, None],
    "none": None,
    "whole": 3.0,
    "lines": [{"sku": "a", "n": 2}, {"sku": "b", "n": 1}, {"sku": "c", "n": 2}],
}


def yields(expression: str) -> Any:
    """Return the output of a state, or a list with the name of its error."""
    output = "{% ($d := $states.input; " + expression + ") %}"
    ended = run(jsonata({"A": ends(Output=output)}), DATA)
    return ended.output if ended.succeeded else [ended.error]


NULLS = [
    ("$d.holes[$ = null]", [None, None]),
    ("$map($d.holes, function($v) { $v })", [None, 1, None]),
    ("$map($d.holes, function($v) { $type($v) })", ["null", "number", "null"]),
    ("$map($d.none, function($v) { $type($v) })", "null"),
    ("$count($d.none)", 1),
    ("$zip($d.holes, [1, 2])", [[None, 1], [1, 2]]),
    ("$parse('[null]')[0] = null", True),
]
NUMBERS = [
    ("5.5 % 2", 1.5),
    ("1 / 0", "Infinity"),
    ("-1 / 0", "-Infinity"),
    ("0 / 0", "NaN"),
    ("5 % 0", "NaN"),
    ("1e308 * 10", "Infinity"),
    ("[1..$d.whole]", [1, 2, 3]),
    ("$number('0b11') + $number('0o17')", 18),
    ("$string(0.1 + 0.2)", "0.3"),
    ("$string(1e-7)", "1e-7"),
    ("$string({'a': [0.1, 1e21, 1.0]})", '{"a":[0.1,1e+21,1]}'),
    ("'' & {'a': 'ü'}", '{"a":"ü"}'),
    ("$string(123456789012345678)", "123456789012346000"),
    ("$formatNumber(34.555, '#0.00;(#0.00)')", "34.56"),
    ("$formatNumber(2.5, '0')", "2"),
    ("$formatNumber(0.5, '#.##')", ".5"),
    ("$formatNumber(1, '#.##')", "1.0"),
    ("$map([1, 2], $formatNumber(?, '0.00'))", ["1.00", "2.00"]),
]
SAME = [
    ("1 in [true]", False),
    ("[1] in [[1]]", False),
    ("($x := {'a': 1}; $x in [$x])", True),
    ("$distinct([1, 1])", [1]),
    ("$distinct([true, 1, 'true'])", [True, 1, "true"]),
    ("$distinct([{'a': 1, 'b': 2}, {'b': 2, 'a': 1}])", [{"a": 1, "b": 2}]),
    ("$sort($d.lines, function($l, $r) { $l.n > $r.n }).sku", ["b", "a", "c"]),
]
TEXTS = [
    ("$lowercase('Straße')", "straße"),
    ("$split('a1b22c', /(\\d+)/)", ["a", "b", "c"]),
    ("$split('a1b2', /[0-9]/, 0)", []),
    ("$replace('265USD', /([0-9]+)USD/, '$$1')", "$1"),
    ("$replace('abc', /b/, '\\\\n')", "a\\nc"),
    ("$replace('abc', /(b)/, '$12')", "ab2c"),
    ("$replace('abcb', /(b)(c)?/, function($m) { '<' & $m.groups[0] & '>' })", "a<b><b>"),
    ("$decodeUrl('%2F%C3%A4')", "%2Fä"),
    ("$toMillis('2017-11')", 1509494400000),
    ("$fromMillis($toMillis('13:05', '[H01]:[m01]'))", "2026-01-01T13:05:00.000Z"),
    ("$type(/a/)", "function"),
]


@pytest.mark.parametrize(("expression", "value"), NULLS + NUMBERS + SAME + TEXTS)
def test_expressions_yield_the_results_of_the_reference(expression: str, value: object) -> None:
    found = yields(expression)
    assert (found, type(found)) == (value, type(value))


REFUSED = [
    "$number('+1')", "$number(' 1')", "$number('1_000')", "$number('NaN')", "$sort([true, false])", "$merge(null)",
    "$join(null)", "$contains(null, 'a')", "$match('abc', /x*/)", "$toMillis('2017-11-07T15:07')", "(1/0) + 1",
]  # fmt: skip


@pytest.mark.parametrize("expression", REFUSED)
def test_expressions_that_the_reference_rejects_fail_the_state(expression: str) -> None:
    """The error has a name that Retry and Catch can match."""
    assert yields(expression) == ["States.QueryEvaluationError"]


def test_calling_a_value_that_is_not_a_function_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The engine prints nothing, because standard output belongs to the caller."""
    assert yields("$map([1], $d)") == ["States.QueryEvaluationError"]
    assert capsys.readouterr() == ("", "")


def test_expressions_do_not_modify_their_data() -> None:
    """Later expressions and the report read the same data."""
    ended = run(jsonata({"A": ends(Output="{% [$states.input.none{'a': 1}, $states.input] %}")}), {"none": []})
    assert ended.visits[0].input == {"none": []}
    assert ended.output[-1] == {"none": []}


MATCHES = [
    (r"\w", "ä", None),
    (r"\d", "\u0663", None),
    (r"\ba", "éa", "a"),
    (r"a$", "a\n", None),
    (r"a.b", "a\u2028b", None),
    (r"\s", "\ufeff", "\ufeff"),
    (r"(?<n>o)\k<n>", "foo", "oo"),
    (r"[^]", "\n", "\n"),
    (r"[[&&]+", "&[", "&["),
    (r"a{,3}", "a{,3}", "a{,3}"),
    (r"[\d\-\]]+", "1-]", "1-]"),
    (r"\cJ", "\n", "\n"),
    (r"\A", "A", "A"),
    (r"\u00e9\x41\/", "éA/", "éA/"),
    (r"[\s\S]", "\n", "\n"),
    (r"\$(\d)", "$5", "$5"),
]


@pytest.mark.parametrize(("pattern", "text", "found"), MATCHES)
def test_patterns_match_as_in_javascript(pattern: str, text: str, found: str | None) -> None:
    match = Pattern(pattern).search(text)
    assert (match[0] if match else None) == found


def test_a_pattern_that_python_cannot_run_fails_when_it_is_run() -> None:
    """The pattern is valid in JavaScript, so only running it fails; an invalid pattern fails when it is compiled."""
    with pytest.raises(CannotMatch, match="lookbehind"):
        Pattern("(?<=a+)b").search("aab")
    for invalid in ("(", r"\b+", r"a\B{2}"):
        with pytest.raises(re.error):
            Pattern(invalid)


def test_multiline_anchors_match_as_in_javascript() -> None:
    assert [match.start() for match in Pattern("^b", multiline=True).finditer("a\r\nb\rb")] == [3, 5]
    assert [match.end() for match in Pattern("a$", multiline=True).finditer("a\r\na")] == [1, 4]
