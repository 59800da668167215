"""PlainExpression finds the same references as the JSONata engine, and accepts no expression that it rejects."""

from hypothesis import example, given
from hypothesis import strategies as st

from workflow.queries.jsonata_constants import always_fails
from workflow.queries.jsonata_evaluation import InvalidJsonata
from workflow.queries.jsonata_plain import NotPlain, PlainExpression
from workflow.queries.jsonata_reading import References, read_by_engine, references_of

OPERANDS = st.sampled_from(
    [
        "$states.input", "$states.input.a.b", "$states.input.items[0].sku", "$states.context.Execution.Input",
        "$x", "$x.y", "$x.y[1].z", "$states", '"text"', "'it'", "3", "0.5", "true", "null", "$sum",
        "$states.input.`odd name`", "-3", "name",
    ]
)  # fmt: skip
EXPRESSIONS = st.recursive(
    OPERANDS,
    lambda inner: st.one_of(
        st.tuples(
            inner, st.sampled_from(["=", "!=", "<", ">=", "and", "or", "in", "&", "+", "*", "-", "/"]), inner
        ).map(" ".join),
        inner.map("({})".format),
        inner.map("$exists({})".format),
        inner.map("$string({})".format),
        inner.map("$unknown({}, 1)".format),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        inner.map("{}[0]".format),
        inner.map("{}.more".format),
    ),
    max_leaves=6,
)
FRAGMENTS = st.lists(
    st.sampled_from([*"()[],.$=&+* ", "$x", "$states", ".a", "and", "3", '"t"', "$f(", "[0]", "in", "true"]), max_size=9
).map("".join)


def _fields_of(found: References) -> dict[str, object]:
    return {name: getattr(found, name) for name in References.__slots__ if name != "has_constants"}


@given(EXPRESSIONS | FRAGMENTS)
@example("$x = $y = $z")
@example("$exists($x) and $x.y")
@example("1 + 2 & 'a'")
@example("$x[0].y")
@example("$x and$x")
@example('"t"in"t"')
@example("$sum")
def test_plain_expressions_are_read_as_the_engine_reads_them(expression: str) -> None:
    """The references and the type are the same, unless PlainExpression leaves the expression to the engine."""
    try:
        PlainExpression(expression)
    except NotPlain:
        return
    try:
        by_engine = read_by_engine(expression)
    except InvalidJsonata:
        raise AssertionError(f"{expression!r} was accepted, but is invalid") from None
    found = references_of(expression)
    assert _fields_of(found) == _fields_of(by_engine)
    assert found.has_constants or not always_fails(expression)
