"""Resource types defined by a table and a few names; botocore's models provide the rest.

AWS's newer services name their operations alike: CreateRoute, GetRoute, UpdateRoute, DeleteRoute, whose members are the
properties of pulumi-aws with a capital first letter. A subclass of `ModelledResource` states the service, the noun and
the exceptions; the members of an operation are read from its model.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from ..aws import Aws
from ..property_schema import CHOSEN_BY_AWS, ListOf, MapOf, Object, Property, Schema, SetOf, String
from ..property_values import ReadonlyValues, Values
from ..resource import Inputs, Outputs, Resource
from .common import fetch_or_none, ignore_not_found


class ModelledResource(Resource):
    """A type whose four verbs are Create, Get, Update and Delete of one noun; its id is what creation returns."""

    service: ClassVar[str]
    """boto3's name for the service: "apigatewayv2"."""
    noun: ClassVar[str]
    """The noun of the operations: "Route"."""
    id_member: ClassVar[str]
    """The member of answers and requests with the id: "RouteId"."""
    spelled: ClassVar[Mapping[str, str]] = {}
    """AWS's names of properties, at any depth, that differ from pulumi-aws's in more than a capital letter."""
    reads: ClassVar[str] = "Get"
    """The verb for reading: "Get" or "Describe"."""
    wrapped_in: ClassVar[str | None] = None
    """The member of an answer with the description, if it is not the answer itself."""

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        created = self.call(aws, "Create", self.request(inputs) | self.creation_extras(aws, inputs, marker))
        return str(self._description(created)[self.id_member])

    def creation_extras(self, aws: Aws, inputs: Inputs, marker: str) -> Values:
        """Return the members of a Create request that are not properties, such as tags."""
        return {}

    def keys(self, aws: Aws, id_: str) -> Values | None:
        """Return the request members that identify the resource; None if it is known not to exist."""
        return {self.id_member: id_}

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        if old or self._differs(aws, id_, inputs):
            self.call(aws, "Update", self._resets() | self.request(inputs) | (self.keys(aws, id_) or {}))

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        keys = self.keys(aws, id_)
        answer = fetch_or_none(self.call, aws=aws, verb=self.reads, members=keys) if keys is not None else None
        if keys is None or answer is None:
            return None
        fact = self._description(answer)
        return self.outputs(aws, id_, {**keys, **fact} if fact else fact)

    def outputs(self, aws: Aws, id_: str, fact: ReadonlyValues) -> Outputs:
        """Return the properties in AWS's description; subclasses add computed ones."""
        return _values(self.properties, fact, self.spelled)

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            keys = self.keys(aws, id_)
            if keys is not None:
                self.call(aws, "Delete", keys)

    def request(self, inputs: Inputs) -> Values:
        """Return the inputs, and the defaults of missing ones, under AWS's names."""
        return _members(self.properties, inputs, self.spelled)

    def call(self, aws: Aws, verb: str, members: ReadonlyValues) -> Values:
        """Call an operation with those members that its model defines."""
        client: Any = aws.client(self.service)  # `meta` is not an operation
        shape = client.meta.service_model.operation_model(verb + self.noun).input_shape
        arguments = {name: value for name, value in members.items() if name in shape.members}
        answer: Values = getattr(client, snake_case(verb + self.noun))(**arguments)
        return answer

    def _differs(self, aws: Aws, id_: str, inputs: Inputs) -> bool:
        """Return whether an adopted resource has other settings than the inputs."""
        found = self.request(self.read(aws, id_) or {})
        return any(found.get(name) != value for name, value in self.request(inputs).items())

    def _description(self, answer: Values) -> Values:
        return answer[self.wrapped_in] if self.wrapped_in else answer

    def _resets(self) -> Values:
        """Return empty values for an update, which leaves properties that it does not name unchanged."""
        empty = {
            spell(name, self.spelled): _empty(property_.schema)
            for name, property_ in self.properties.items()
            if not property_.computed and property_.default is None and not property_.required
        }
        return {name: value for name, value in empty.items() if value is not None}


def snake_case(operation: str) -> str:
    """Return the name of boto3's method for an operation.

    >>> snake_case("CreateRoute")
    'create_route'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def spell(name: str, spelled: Mapping[str, str]) -> str:
    """Return AWS's name for a property."""
    return spelled.get(name, name[0].upper() + name[1:])


def _members(properties: Mapping[str, Property], values: ReadonlyValues, spelled: Mapping[str, str]) -> Values:
    members: Values = {}
    for name, property_ in properties.items():
        default = None if property_.default is CHOSEN_BY_AWS else property_.default
        value = values.get(name, default)
        if not property_.computed and value is not None:
            members[spell(name, spelled)] = _member(property_.schema, value, spelled)
    return members


def _member(schema: Schema, value: object, spelled: Mapping[str, str]) -> object:
    if isinstance(schema, Object):
        return _members(schema.fields, cast("ReadonlyValues", value), spelled)
    if isinstance(schema, ListOf):
        return [_member(schema.item, each, spelled) for each in cast("list[object]", value)]
    return value


def _values(properties: Mapping[str, Property], members: ReadonlyValues, spelled: Mapping[str, str]) -> Values:
    found = {
        name: _value(property_.schema, members.get(spell(name, spelled)), spelled)
        for name, property_ in properties.items()
    }
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def _value(schema: Schema, member: object, spelled: Mapping[str, str]) -> object:
    if member is not None and isinstance(schema, Object):
        return _values(schema.fields, cast("ReadonlyValues", member), spelled)
    if member is not None and isinstance(schema, ListOf):
        return [_value(schema.item, each, spelled) for each in cast("list[object]", member)]
    return member


def _empty(schema: Schema) -> object:
    """Return the empty value of a shape; None if there is none."""
    kinds: tuple[tuple[type[Schema], object], ...] = (
        (String, ""),
        (SetOf, []),
        (ListOf, []),
        (MapOf, {}),
        (Object, {}),
    )
    return next((value for kind, value in kinds if isinstance(schema, kind)), None)
