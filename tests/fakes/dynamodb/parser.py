"""A parser of DynamoDB's expression language into a small tree.

Source of the grammar and of the error messages: AWS's developer guide ("Expressions") and DynamoDB Local. Names (`#n`)
are replaced while parsing; values (`:v`) stay references, so a tree serves every request with the same text and names.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import NoReturn

from .errors import invalid

RESERVED_WORDS = frozenset(File(__file__).with_name("reserved_words.txt").read_text(encoding="utf-8").split())
_TOKEN = re.compile(r"\s*(?:([#:]?[A-Za-z_0-9]+)|(<>|<=|>=|[<>=(),.\[\]+-]))")
COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
CONDITION_FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
UPDATE_FUNCTIONS = {"if_not_exists": 2, "list_append": 2}
_SECTIONS = frozenset({"SET", "REMOVE", "ADD", "DELETE"})


@dataclass(frozen=True, slots=True)
class Path:
    """A document path: attribute, then members (text) and indexes (numbers)."""

    steps: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value that comes with the request (`:v`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Operator:
    """A function, an operator or a comparison, with its operands."""

    name: str
    operands: tuple["Node", ...]


Node = Path | Placeholder | Operator


@dataclass(slots=True)
class Names:
    """The attribute names of one request, and those that its expressions used."""

    aliases: dict[str, str]
    used: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    scalars: frozenset[str] = frozenset()
    """Attributes that are keys of the table or of an index, which have no inner paths."""


class Reader:
    """A reader of one expression: tokens and a position."""

    def __init__(self, text: str, kind: str, names: Names) -> None:
        self.kind, self.names, self.position = kind, names, 0
        if not text:
            self.refuse("The expression can not be empty;")
        self.tokens = self._split(text)

    def refuse(self, why: str) -> NoReturn:
        raise invalid(f"Invalid {self.kind}: {why}")

    def _split(self, text: str) -> list[str]:
        tokens, at = [], 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                self.refuse(f'Syntax error; token: "{text[at:].lstrip()[:1]}", near: "{text[at:][:20]}"')
            tokens.append(match[1] or match[2])
            at = match.end()
        return tokens

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else "<EOF>"

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if token == "<EOF>" or (expected is not None and token.upper() != expected):
            self.refuse(
                f'Syntax error; token: "{token}", near: "{" ".join(self.tokens[max(0, self.position - 1) :][:3])}"'
            )
        self.position += 1
        return token

    def keyword(self) -> str:
        return self.peek().upper()

    def end(self) -> None:
        if self.position < len(self.tokens):
            self.take("<EOF>")

    def read_list(self, read_one: Callable[[], Node]) -> list["Node"]:
        found = [read_one()]
        while self.peek() == ",":
            self.take()
            found.append(read_one())
        return found

    # paths and values

    def name(self) -> str:
        token = self.take()
        if token.startswith("#"):
            self.names.used.add(token)
            if token not in self.names.aliases:
                self.refuse(
                    "An expression attribute name used in the document path is not defined; attribute name: " + token
                )
            return self.names.aliases[token]
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", token):
            self.refuse(f'Syntax error; token: "{token}", near: "{token}"')
        if token.upper() in RESERVED_WORDS:
            self.refuse(f"Attribute name is a reserved keyword; reserved keyword: {token}")
        return token

    def path(self) -> Path:
        steps: list[str | int] = [self.name()]
        while self.peek() in (".", "["):
            if self.take() == ".":
                steps.append(self.name())
            else:
                index = self.take()
                if not index.isdigit():
                    self.refuse(f'Syntax error; token: "{index}", near: "[{index}"')
                steps.append(int(index))
                self.take("]")
        if len(steps) > 1 and steps[0] in self.names.scalars:
            raise invalid(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                f"IndexKey: {steps[0]}"
            )
        return Path(tuple(steps))

    def placeholder(self) -> Placeholder:
        token = self.take()
        if not token.startswith(":"):
            self.refuse(f'Syntax error; token: "{token}", near: "{token}"')
        self.names.values.add(token)
        return Placeholder(token)

    def call(self, known: dict[str, int], read_operand: Callable[[], Node]) -> Operator:
        name = self.take()
        other = CONDITION_FUNCTIONS if known is UPDATE_FUNCTIONS else UPDATE_FUNCTIONS
        if name in other:
            place = "an update" if known is UPDATE_FUNCTIONS else "a condition"
            self.refuse(f"The function is not allowed in {place} expression; function: {name}")
        if name not in known:
            self.refuse(f"Invalid function name; function: {name}")
        self.take("(")
        operands = self.read_list(read_operand)
        self.take(")")
        if len(operands) != known[name]:
            self.refuse(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {name}, number of operands: {len(operands)}"
            )
        return Operator(name, tuple(operands))

    def is_call(self) -> bool:
        return self.position + 1 < len(self.tokens) and self.tokens[self.position + 1] == "("

    def _path_first(self, call: Operator) -> None:
        if not isinstance(call.operands[0], Path):
            self.refuse(f"Operator or function requires a document path; operator or function: {call.name}")

    # conditions

    def condition(self) -> Node:
        tree = self._either()
        self.end()
        return tree

    def _either(self) -> Node:
        tree = self._both()
        while self.keyword() == "OR":
            self.take()
            tree = Operator("OR", (tree, self._both()))
        return tree

    def _both(self) -> Node:
        tree = self._negation()
        while self.keyword() == "AND":
            self.take()
            tree = Operator("AND", (tree, self._negation()))
        return tree

    def _negation(self) -> Node:
        if self.keyword() == "NOT":
            self.take()
            return Operator("NOT", (self._negation(),))
        if self.peek() == "(":
            return self._read_parenthesis()
        return self._test()

    def _read_parenthesis(self) -> Node:
        self.take("(")
        doubled = self.peek() == "("
        start = self.position
        tree = self._either()
        if doubled and self._closes(start) == self.position - 1:
            self.refuse("The expression has redundant parentheses;")
        self.take(")")
        return tree

    def _closes(self, start: int) -> int:
        depth = 0
        for index in range(start, len(self.tokens)):
            depth += {"(": 1, ")": -1}.get(self.tokens[index], 0)
            if depth == 0:
                return index
        return -1

    def _test(self) -> Node:
        if self.is_call() and self.peek() != "size":
            call = self.call(CONDITION_FUNCTIONS, self._operand)
            return self._checked_test(call)
        left = self._operand()
        operator = self.keyword()
        if operator in COMPARATORS:
            self.take()
            return self._distinct(Operator(operator, (left, self._operand())))
        if operator == "BETWEEN":
            self.take()
            low = self._operand()
            self.take("AND")
            return self._distinct(Operator("BETWEEN", (left, low, self._operand())))
        if operator == "IN":
            self.take()
            self.take("(")
            members = self.read_list(self._operand)
            self.take(")")
            return self._distinct(Operator("IN", (left, *members)))
        if isinstance(left, Operator):
            self.refuse(f"The function is not allowed to be used this way in an expression; function: {left.name}")
        self.take(f"a comparison after {left}")
        raise AssertionError("unreachable")

    def _checked_test(self, call: Operator) -> Operator:
        if call.name in ("attribute_exists", "attribute_not_exists", "attribute_type"):
            self._path_first(call)
        return self._distinct(call)

    def _distinct(self, call: Operator) -> Operator:
        first = call.operands[0]
        if isinstance(first, Path) and first in call.operands[1:]:
            self.refuse(
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {call.name}, first operand: [{first.steps[0]}]"
            )
        return call

    def _operand(self) -> Node:
        if self.peek().startswith(":"):
            return self.placeholder()
        if self.is_call():
            call = self.call(CONDITION_FUNCTIONS, self._operand)
            if call.name != "size":
                self.refuse(f"The function is not allowed to be used this way in an expression; function: {call.name}")
            return call
        return self.path()

    # updates and projections

    def update(self) -> dict[str, list[Node]]:
        sections: dict[str, list[Node]] = {}
        while self.position < len(self.tokens):
            section = self.keyword()
            if section not in _SECTIONS:
                self.take("SET, REMOVE, ADD or DELETE")
            if section in sections:
                self.refuse(f'The "{section}" section can only be used once in an update expression;')
            self.take()
            read_one = {"SET": self._assignment, "REMOVE": self.path}.get(section, self._contribution)
            sections[section] = self.read_list(read_one)
        return sections

    def _assignment(self) -> Node:
        target = self.path()
        self.take("=")
        left = self._update_operand()
        if self.peek() in ("+", "-"):
            operator = self.take()
            left = Operator(operator, (left, self._update_operand()))
        return Operator("SET", (target, left))

    def _update_operand(self) -> Node:
        if self.peek().startswith(":"):
            return self.placeholder()
        if self.is_call():
            call = self.call(UPDATE_FUNCTIONS, self._update_operand)
            if call.name == "if_not_exists":
                self._path_first(call)
            return call
        return self.path()

    def _contribution(self) -> Node:
        return Operator("CONTRIBUTE", (self.path(), self.placeholder()))

    def projection(self) -> list[Path]:
        paths = [node for node in self.read_list(self.path) if isinstance(node, Path)]
        self.end()
        return paths
