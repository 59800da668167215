"""Generated DynamoDB requests: like those of our adapters, and variations with wrong types, odd numbers or odd names.

A request is a pair (method of the client, arguments). Keys are placeholders until `on_table` gives them a table and a
prefix, so that one sequence runs on a clean set of keys wherever it runs.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

TABLE = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "flag", "AttributeType": "S"},
        {"AttributeName": "since", "AttributeType": "N"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "flagged",
            "KeySchema": [{"AttributeName": "flag", "KeyType": "HASH"}, {"AttributeName": "since", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}

KEYS = ("a", "b", "c")
KEY_ATTRIBUTES = ("pk", "flag", "since")  # the fake refuses paths into them always, the real ones only sometimes
Operation = tuple[str, dict[str, Any]]

# Left out: -0, which DynamoDB Local keeps inside a list or map and makes 0 elsewhere; no adapter of ours writes one.
_NUMBERS = """0 1 2 3 10 -5 1.0 0.5 007 1e3 1E-130 1e-131 1e125 1e126 -1e126 NaN Infinity abc 1_0 +5 .5 5. 1e400 1e"""
numbers = st.sampled_from(
    [*_NUMBERS.split(), "", " 1", "9" * 38, "9" * 39, "1" * 38 + "0", "0." + "1" * 38, "0." + "1" * 39]
)
plain_numbers = st.sampled_from(["0", "1", "2", "3", "10", "-5", "0.5"])
texts = st.sampled_from(["", "x", "xy", "PENDING", "é", "😀", "x" * 300])
scalars = st.one_of(
    *[st.builds(lambda n: {"N": n}, plain_numbers)] * 5,
    *[st.sampled_from([{"S": "x"}, {"S": "PENDING"}, {"BOOL": True}])] * 3,
    st.builds(lambda n: {"N": n}, numbers),
    st.builds(lambda s: {"S": s}, texts),
    st.sampled_from([{"BOOL": True}, {"BOOL": False}, {"NULL": True}, {"B": b"x"}, {"B": b""}]),
)
_STRING_SETS = [["x"], ["y", "x"], [], ["x", "x"], [""]]
_NUMBER_SETS = [["1", "2"], ["1", "1.0"], ["2", "10"], ["nan"]]
sets = st.sampled_from([*({"SS": members} for members in _STRING_SETS), *({"NS": members} for members in _NUMBER_SETS)])
any_values = st.recursive(
    st.one_of(scalars, scalars, sets),
    lambda inner: st.one_of(
        st.builds(lambda elements: {"L": elements}, st.lists(inner, max_size=3)),
        st.builds(lambda members: {"M": members}, st.dictionaries(st.sampled_from(["x", "y", ""]), inner, max_size=2)),
    ),
    max_leaves=4,
)
attributes = st.sampled_from(["n", "n", "s", "l", "l", "m", "ss", "status", "flag", "since", "new", "pk"])


@dataclass
class Writer:
    """A generator of expressions, with the names and values that they refer to."""

    draw: Any
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def path(self) -> str:
        name = self.draw(attributes)
        if self.draw(st.integers(0, 9)) or name in ("status",):
            alias = f"#{name}"
            self.names[alias] = name
            name = alias
        tail = self.draw(st.sampled_from(["", "", "", "", "", ".x", "[0]", "[1]", "[7]", ".y.x", "[0].x"]))
        return name if name.lstrip("#") in KEY_ATTRIBUTES else f"{name}{tail}"

    def value(self, strategy: Any = any_values) -> str:
        alias = f":v{len(self.values)}"
        self.values[alias] = self.draw(strategy)
        return alias

    def operand(self) -> str:
        return self.path() if self.draw(st.booleans()) else self.value(scalars)

    def test(self) -> str:
        kind = self.draw(st.sampled_from(["compare", "compare", "exists", "absent", "between", "in", "call", "size"]))
        if kind == "compare":
            return f"{self.path()} {self.draw(st.sampled_from(['=', '<>', '<', '<=', '>', '>=']))} {self.operand()}"
        if kind in ("exists", "absent"):
            return f"attribute_{'' if kind == 'exists' else 'not_'}exists({self.path()})"
        if kind == "between":
            return f"{self.path()} BETWEEN {self.operand()} AND {self.operand()}"
        if kind == "in":
            return f"{self.path()} IN ({self.value()}, {self.operand()})"
        if kind == "size":
            return f"size({self.path()}) {self.draw(st.sampled_from(['=', '>', '<=']))} {self.value(scalars)}"
        if self.draw(st.booleans()):
            kinds = st.sampled_from([{"S": "N"}, {"S": "S"}, {"S": "L"}, {"S": "BOOL"}, {"S": "Q"}, {"N": "1"}])
            return f"attribute_type({self.path()}, {self.value(kinds)})"
        return f"{self.draw(st.sampled_from(['begins_with', 'contains']))}({self.path()}, {self.operand()})"

    def condition(self, depth: int = 2) -> str:
        kind = self.draw(st.sampled_from(["test", "test", "and", "or", "not", "paren"])) if depth else "test"
        if kind == "test":
            return self.test()
        if kind == "not":
            return f"NOT {self.test()}"
        if kind == "paren":
            return f"({self.condition(depth - 1)}) AND {self.test()}"
        return f"{self.condition(depth - 1)} {kind.upper()} {self.condition(depth - 1)}"

    def assignment(self) -> str:
        kind = self.draw(st.sampled_from(["value", "value", "plus", "minus", "append", "default", "counter", "copy"]))
        target = self.path()
        one = st.builds(lambda value: {"L": [value]}, scalars)
        number = st.builds(lambda n: {"N": n}, plain_numbers)
        return (
            f"{target} = "
            + {
                "value": lambda: self.value(),
                "plus": lambda: f"{self.path()} + {self.value(st.one_of(number, scalars))}",
                "minus": lambda: f"{self.path()} - {self.value(number)}",
                "append": lambda: f"list_append({self.path()}, {self.value(st.one_of(one, any_values))})",
                "default": lambda: f"if_not_exists({self.path()}, {self.value()})",
                "counter": lambda: f"if_not_exists({self.path()}, {self.value(number)}) + {self.value(number)}",
                "copy": lambda: self.path(),
            }[kind]()
        )

    def update(self) -> str:
        sections = self.draw(
            st.lists(st.sampled_from(["SET", "SET", "REMOVE", "ADD", "DELETE"]), min_size=1, max_size=2)
        )
        return " ".join(self._section(section) for section in sections)

    def _section(self, section: str) -> str:
        count = self.draw(st.integers(1, 2))
        if section == "SET":
            return "SET " + ", ".join(self.assignment() for _ in range(count))
        if section == "REMOVE":
            return "REMOVE " + ", ".join(self.path() for _ in range(count))
        strategy = st.one_of(sets, st.builds(lambda n: {"N": n}, plain_numbers), scalars)
        return f"{section} {self.path()} {self.value(strategy)}"

    def finish(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the request with its names and values, sometimes with an unused one."""
        if self.draw(st.integers(0, 40)) == 0:
            self.values[":unused"] = {"N": "1"}
        if self.names:
            request["ExpressionAttributeNames"] = self.names
        if self.values:
            request["ExpressionAttributeValues"] = self.values
        return request


@st.composite
def items(draw: Any) -> dict[str, Any]:
    """Draw an item like those of our tables, sometimes with a value of any type."""
    item: dict[str, Any] = {"pk": {"S": draw(st.sampled_from(KEYS))}}
    usual = {"n": {"N": "3"}, "s": {"S": "PENDING"}, "l": {"L": [{"N": "1"}]}, "m": {"M": {"x": {"N": "1"}}}}
    usual |= {"flag": {"S": "1"}, "since": {"N": draw(plain_numbers)}, "ss": {"SS": ["x", "y"]}, "status": {"S": "x"}}
    for name in draw(st.sets(st.sampled_from(sorted(usual)), max_size=6)):
        item[name] = usual[name]
    for name in draw(st.lists(st.sampled_from(["n", "s", "l", "m", "flag", "since", "new"]), max_size=1)):
        item[name] = draw(any_values)
    return item


@st.composite
def writes(draw: Any, within_transaction: bool = False) -> Operation:
    """Draw a put, an update, a delete or (within a transaction) a check."""
    kinds = ["Put", "Update", "Update", "Delete"] + (["ConditionCheck"] if within_transaction else [])
    kind = draw(st.sampled_from(kinds))
    writer = Writer(draw)
    request: dict[str, Any] = {}
    if kind == "Put":
        request["Item"] = draw(items())
    else:
        request["Key"] = {"pk": {"S": draw(st.sampled_from(KEYS))}}
    if kind == "Update":
        request["UpdateExpression"] = writer.update()
    if kind == "ConditionCheck" or draw(st.booleans()):
        request["ConditionExpression"] = writer.condition()
        if draw(st.booleans()):
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    if not within_transaction and draw(st.booleans()):
        request["ReturnValues"] = draw(st.sampled_from(["ALL_OLD", "ALL_NEW", "NONE", "UPDATED_OLD"]))
    return kind, writer.finish(request)


def _key_of(write: Operation) -> str:
    """Return the key of a write; a transaction names it once, because DynamoDB Local checks that later than AWS."""
    request = write[1]
    return str((request.get("Key") or request["Item"])["pk"])


@st.composite
def operations(draw: Any) -> Operation:
    """Draw one call of a client."""
    kind = draw(st.sampled_from(["write", "write", "write", "transact", "transact", "get", "gets", "query", "scan"]))
    if kind == "write":
        name, request = draw(writes())
        return {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}[name], request
    if kind == "transact":
        parts = draw(st.lists(writes(within_transaction=True), min_size=1, max_size=3, unique_by=_key_of))
        return "transact_write_items", {"TransactItems": [{name: request} for name, request in parts]}
    if kind == "get":
        request = {"Key": {"pk": {"S": draw(st.sampled_from(KEYS))}}, "ConsistentRead": True}
        if draw(st.booleans()):
            request["ProjectionExpression"] = "n, s, m.x"
        return "get_item", request
    if kind == "gets":
        chosen = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3))
        return "transact_get_items", {"TransactItems": [{"Get": {"Key": {"pk": {"S": key}}}} for key in chosen]}
    return draw(_page_requests(kind))


@st.composite
def _page_requests(draw: Any, kind: str) -> Operation:
    writer = Writer(draw)
    request: dict[str, Any] = {}
    if kind == "query" and draw(st.booleans()):
        request = {"KeyConditionExpression": f"pk = {writer.value(st.sampled_from([{'S': key} for key in KEYS]))}"}
    elif kind == "query":
        request = {"IndexName": "flagged", "KeyConditionExpression": f"flag = {writer.value(st.just({'S': '1'}))}"}
        if draw(st.booleans()):
            request["KeyConditionExpression"] += (
                f" AND since {draw(st.sampled_from(['<', '>=']))} {writer.value(scalars)}"
            )
        request["ScanIndexForward"] = draw(st.booleans())
    if draw(st.integers(0, 2)) == 0:
        request["FilterExpression"] = writer.condition(1)
    return kind, writer.finish(request)


def on_table(operation: Operation, table: str) -> Operation:
    """Return the operation on this table."""
    method, request = operation
    if method.startswith("transact"):
        parts = [
            {name: {"TableName": table, **part} for name, part in entry.items()} for entry in request["TransactItems"]
        ]
        return method, {"TransactItems": parts}
    return method, {"TableName": table, **request}
