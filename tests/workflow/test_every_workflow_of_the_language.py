"""Properties of every workflow that can be written in the language."""

import json
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given

from tests.workflow.strategies import choosers, hostile, payloads, serve_tasks, values_for, workflows
from workflow import Limit, Workflow, parse, permissions
from workflow.asl.json_values import json_text
from workflow.changes import diff
from workflow.diagram import mermaid, svg
from workflow.interpreter import run
from workflow.lint import check

# Actions that generated workflows call by `ServiceCall`, which does not know their resources
OF_ANY_RESOURCE = ("sqs:GetQueueUrl", "glue:")
WorkflowClass = type[Workflow[Any, Any]]


@given(workflow=workflows())
def test_every_workflow_passes_the_check(workflow: WorkflowClass) -> None:
    assert [str(finding) for finding in check(workflow.asl())] == []


@given(workflow=workflows(portable=True))
def test_every_portable_workflow_passes_the_check_in_jsonpath(workflow: WorkflowClass) -> None:
    assert [str(finding) for finding in check(workflow.asl(language="JSONPath"))] == []


@given(workflow=workflows())
def test_compiling_twice_gives_the_same_definition(workflow: WorkflowClass) -> None:
    assert json.dumps(workflow.asl()) == json.dumps(workflow.asl())


@given(workflow=workflows())
def test_every_definition_round_trips(workflow: WorkflowClass) -> None:
    """Parsing preserves the definition, from a value and from text."""
    asl = workflow.asl()
    assert asl == parse(asl).asl() == parse(json_text(asl)).asl()
    assert list(parse(asl).asl()) == list(asl)  # type: ignore[arg-type]


@given(workflow=workflows(), given_input=payloads)
def test_every_workflow_succeeds_with_valid_input(workflow: WorkflowClass, given_input: dict[str, Any]) -> None:
    """Its functions answer every call."""
    asl = workflow.asl()
    ended = run(asl, given_input, serve_tasks(asl))
    assert (ended.cause, ended.status) == (None, "SUCCEEDED")


@given(workflow=workflows(portable=True), given_input=payloads)
def test_both_query_languages_take_the_same_path_to_the_same_output(
    workflow: WorkflowClass, given_input: dict[str, Any]
) -> None:
    definitions = [workflow.asl(language=language) for language in ("JSONata", "JSONPath")]  # type: ignore[arg-type]
    jsonata, jsonpath = (run(asl, given_input, serve_tasks(asl)) for asl in definitions)
    assert (jsonata.path, jsonata.status, jsonata.output) == (jsonpath.path, jsonpath.status, jsonpath.output)


@given(workflow=choosers(), given_input=hostile)
def test_choices_decide_the_same_in_both_query_languages(workflow: WorkflowClass, given_input: Any) -> None:
    """Missing values and values of another type make a comparison false in both languages, and never fail it."""
    jsonata, jsonpath = (run(workflow.asl(language=language), given_input) for language in ("JSONata", "JSONPath"))  # type: ignore[arg-type]
    assert jsonata.path == jsonpath.path
    assert jsonata.path[-1] in (jsonata.error, "left")


@given(workflow=workflows())
def test_diagrams_show_every_state(workflow: WorkflowClass) -> None:
    """Both diagrams show every state, and the SVG is valid XML."""
    asl = workflow.definition()
    names = [state.name for state in asl.states()]
    drawn = ET.fromstring(svg(asl, title="<&>", taken=names[:2]))
    shown = "".join(drawn.itertext())
    assert all(name.rpartition(".")[2] in shown for name in names)
    assert all(name in mermaid(asl, taken=names[:2]) for name in names)


@given(workflow=workflows())
def test_a_workflow_does_not_differ_from_itself(workflow: WorkflowClass) -> None:
    """It is compared with its own JSON text."""
    assert diff(workflow.asl(), json_text(workflow.asl())) == []


@given(one=workflows(), other=workflows())
def test_a_diff_is_empty_exactly_for_equal_definitions(one: WorkflowClass, other: WorkflowClass) -> None:
    """This holds in both directions."""
    for old, new in ((one.asl(), other.asl()), (other.asl(), one.asl())):
        assert bool(diff(old, new)) == (parse(old) != parse(new))


@given(workflow=workflows())
def test_permissions_name_their_resources(workflow: WorkflowClass) -> None:
    """Exceptions are the services whose resources are unknown."""
    for permission in permissions(workflow.asl(values_for(workflow))):
        assert "*" not in permission.resources or permission.actions[0].startswith(OF_ANY_RESOURCE)


@given(workflow=workflows())
def test_binding_all_names_leaves_no_placeholder(workflow: WorkflowClass) -> None:
    names = [binding.name for binding in workflow.required() if not isinstance(binding, Limit)]
    text = json.dumps(workflow.asl({name: f"bound-{name}" for name in names}))
    assert all(f"bound-{name}" in text and f"${{{name}}}" not in text for name in names)
