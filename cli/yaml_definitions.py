"""Definitions written in YAML, read as JSON would say them.

Times stay text, keys are texts as they are written, no key stands twice, and the short forms of CloudFormation
(`!Ref`, `!GetAtt`, `!Sub`) become their long ones.
"""

from typing import Any

import yaml

from workflow import Definition, NotJson

_STRING_TAG = "tag:yaml.org,2002:str"
_MERGE_TAG = "tag:yaml.org,2002:merge"


class DefinitionNotFound(ValueError):
    """A sentence that says why a file has no definition in it."""


class InvalidYaml(DefinitionNotFound):
    """A sentence that says what is wrong, with line and column where that is known."""


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is a text", problem_mark=key.start_mark)
            if key.value in seen:
                problem = f"{key.value} stands twice in one object"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value)
            if key.tag != _MERGE_TAG:
                key.tag = _STRING_TAG
        return super().construct_mapping(node, deep)

    def construct_reference(self, suffix: str, node: Any) -> dict[str, Any]:
        """What CloudFormation fills in."""
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
_Loader.add_multi_constructor("!", _Loader.construct_reference)


def parse_yaml(text: bytes) -> Definition:
    """The definition that a text says; raises NotYaml."""
    try:
        return Definition(yaml.load(text, _Loader))  # noqa: S506  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        problem = str(error.problem)
        told = f"{error.context}, {problem}" if problem.startswith("but ") else problem
        raise InvalidYaml(f"is no YAML: {told}{where}") from None
    except RecursionError:
        raise InvalidYaml("is YAML that is nested too deep to be read: write it as JSON") from None
    except (yaml.YAMLError, NotJson, ValueError) as error:
        raise InvalidYaml(f"is no YAML that JSON could say: {' '.join(str(error).split())}") from None
