"""Parse definitions written in YAML to the same values as from JSON.

Timestamps remain strings, keys are strings as written, duplicate keys are rejected, and CloudFormation's short forms
(`!Ref`, `!GetAtt`, `!Sub`) become the long ones.
"""

from typing import Any

import yaml

from workflow.asl.definition import Definition
from workflow.asl.json_values import NotJson

from .template_definitions import InvalidYaml

_STRING_TAG = "tag:yaml.org,2002:str"
_MERGE_TAG = "tag:yaml.org,2002:merge"
_GUESSED_TAGS = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_STRING_FIELDS = ("StartAt", "Next", "Default", "Error", "Cause", "Comment")
"""Fields that are strings. YAML 1.1 would read some names of states as a boolean or number (`Next: Yes`)."""


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be a string", problem_mark=key.start_mark)
            if key.value in seen:
                problem = f"{key.value} is defined twice in one object"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value)
            if key.tag != _MERGE_TAG:
                key.tag = _STRING_TAG
            if key.value in _STRING_FIELDS and isinstance(value, yaml.ScalarNode) and value.tag in _GUESSED_TAGS:
                value.tag = _STRING_TAG
        return super().construct_mapping(node, deep)

    def construct_reference(self, suffix: str, node: Any) -> dict[str, Any]:
        """Construct the long form of a CloudFormation function."""
        if isinstance(node, yaml.ScalarNode):
            value: Any = self.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = self.construct_sequence(node, deep=True)
        else:
            value = self.construct_mapping(node, deep=True)
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
# types-PyYAML does not type the constructor.
_Loader.add_multi_constructor("!", _Loader.construct_reference)  # pyright: ignore[reportUnknownMemberType]


def parse_yaml(text: bytes) -> Definition:
    """Parse a definition. Raises InvalidYaml."""
    try:
        return Definition(yaml.load(text, _Loader))  # noqa: S506  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        problem = str(error.problem)
        description = f"{error.context}, {problem}" if problem.startswith("but ") else problem
        raise InvalidYaml(f"is not valid YAML: {description}{place}") from None
    except RecursionError:
        raise InvalidYaml("is nested too deeply for the YAML parser: write it as JSON") from None
    except yaml.YAMLError as error:
        raise InvalidYaml(f"is not valid YAML: {' '.join(str(error).split())}") from None
    except (NotJson, ValueError) as error:
        raise InvalidYaml(f"is YAML without an equivalent in JSON: {' '.join(str(error).split())}") from None
