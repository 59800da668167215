"""The schema of `pulumi-resource-booking` is reviewed, complete, and matches the code."""

import ast
import importlib
import inspect
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

import components
from components.base import Component
from stepbooking.plugin import COMPONENTS, BookingProvider
from tests.components.synth import record
from tools.engine.wrappers import GO, generate_files, load_schema

from .conftest import ROOT

PROVIDER = BookingProvider()
PACKAGE = load_schema()
RESOURCES = PACKAGE["resources"]
INPUTS = [(token, key) for token, resource in RESOURCES.items() for key in resource["inputProperties"]]
EMPTY_DEFAULT = re.compile(r"Default: (never|nobody|none|nothing|no such alarm|all records|Stripe)\b")
"""Words with which a description states that the default is empty."""
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:webhooks-AbCdEf"
CHECKS = ("boolean", "choice", "integer", "one_of", "string")


def test_generated_files_match_the_components() -> None:
    """The schema is the reviewed golden file; `python -m tools.engine.wrappers` writes it and the wrappers."""
    stale = [path.name for path, text in generate_files().items() if path.read_text() != text]
    assert stale == []
    assert GO.exists()


def test_every_property_is_described() -> None:
    descriptions = [
        (token, key, value["description"])
        for token, resource in RESOURCES.items()
        for key, value in {**resource["inputProperties"], **resource["properties"]}.items()
    ]
    assert [(token, key) for token, key, text in descriptions if not text.rstrip().endswith(".")] == []


def test_only_inputs_without_a_default_are_required() -> None:
    """Exceptions are a function's handler, and values that another service provides."""
    required = {token.split(":")[-1]: resource.get("requiredInputs", []) for token, resource in RESOURCES.items()}
    assert {name: keys for name, keys in required.items() if keys} == {
        "BookingApi": ["audiences", "function", "issuer"],
        "GatewayEvents": ["handler", "secret"],
        "MonitoredLambda": ["handler"],
        "SignedPackage": ["package"],
        "StaffPool": ["callbacks", "domain"],
        "StripeGateway": ["secret"],
    }


@pytest.mark.parametrize(("token", "key"), INPUTS)
def test_every_optional_input_names_its_default(token: str, key: str) -> None:
    if key not in RESOURCES[token].get("requiredInputs", []):
        assert " Default: " in " " + _description(token, key)


@pytest.mark.parametrize(("token", "key"), INPUTS)
def test_a_described_default_and_range_match_the_code(token: str, key: str) -> None:
    """Both are read from the call that checks the argument in the component."""
    arguments_of_check = _checks(token).get(_snake(key))
    if arguments_of_check is None or key in RESOURCES[token].get("requiredInputs", []):
        return
    text = _description(token, key)
    default, *bounds = arguments_of_check
    shown = str(default).lower() if isinstance(default, bool) else default
    if text.startswith("Ignored"):
        return
    assert re.search(rf"Default: {re.escape(str(shown))}[.,]", text) if shown else EMPTY_DEFAULT.search(text)
    if len(bounds) >= 2 and all(isinstance(bound, int) for bound in bounds[:2]):
        assert f"{bounds[0]} to {bounds[1]}" in text


def test_the_plugin_serves_every_public_component() -> None:
    """The exception is Foundation, which takes a stage's configuration instead of inputs."""
    public = {each for each in vars(components).values() if inspect.isclass(each) and issubclass(each, Component)}
    assert public - {components.Foundation} == set(COMPONENTS)


def test_the_sdks_have_their_own_scope() -> None:
    assert (PACKAGE["namespace"], PACKAGE["name"]) == ("stepbooking", "booking")


@pytest.mark.parametrize(
    ("component", "inputs", "faults"),
    [
        (
            "MonitoredLambda",
            {"handler": "app.handler", "code": pulumi.AssetArchive({}), "logDays": 2, "heartbeatMinutes": 1},
            ["logDays must be one of 1, 3, 5", "heartbeatMinutes must be an integer, 5–10080"],
        ),
        (
            "MonitoredLambda",
            {"handler": "app.handler", "codeBucket": "packages"},
            ["codeBucket and codeKey must be given together, got only codeBucket."],
        ),
        (
            "GatewayEvents",
            {"handler": "app.handler", "secret": SECRET, "code": pulumi.AssetArchive({}), "errorPercent": 0},
            ["errorPercent must be an integer, 1–100"],
        ),
    ],
)
def test_an_error_names_inputs_in_the_callers_notation(
    component: str, inputs: dict[str, Any], faults: list[str]
) -> None:
    """This includes inputs that a component passes on to another."""
    messages: list[str] = []

    def program() -> None:
        with pytest.raises(pulumi.InputPropertiesError) as failed:
            PROVIDER.construct("given", f"booking:index:{component}", inputs)
        messages.append(failed.value.message)

    record(program)
    assert [fault for fault in faults if fault not in messages[0]] == []
    assert not re.search(r"\b[a-z]+_[a-z]+\b", messages[0])


def test_the_package_can_be_added_from_the_repository() -> None:
    """`pulumi package add` reads the folder `plugin`. It needs the complete CLI, so it cannot run here."""
    folder = ROOT / "plugin"
    assert yaml.safe_load((folder / "PulumiPlugin.yaml").read_text())["runtime"]["name"] == "python"
    assert (folder / (folder / "requirements.txt").read_text().strip() / "pyproject.toml").exists()
    assert "from stepbooking.plugin import main" in (folder / "__main__.py").read_text()


@pytest.mark.outside
def test_the_command_prints_its_schema_to_the_engine(cli: Path, tmp_path: Path) -> None:
    """The real engine starts the real command."""
    plugin = shutil.which("pulumi-resource-booking", path=str(ROOT / ".venv" / "bin")) or "pulumi-resource-booking"
    printed = subprocess.run(
        [cli, "package", "get-schema", plugin],
        capture_output=True,
        text=True,
        env={
            "PATH": "/usr/bin:/bin",
            "PULUMI_HOME": str(tmp_path),
            "HOME": str(tmp_path),
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        },
        check=True,
    )
    assert yaml.safe_load(printed.stdout)["resources"].keys() == RESOURCES.keys()


def _description(token: str, key: str) -> str:
    return " ".join(str(RESOURCES[token]["inputProperties"][key]["description"]).split())


@cache
def _checks(token: str) -> Mapping[str, list[Any]]:
    """Return the default and the bounds of each argument's check, read from the component's source."""
    [component] = [one for one in COMPONENTS if one.__name__ == token.split(":")[-1]]
    module = importlib.import_module(component.__module__)
    calls = {name: call for call in _calls(inspect.getsource(component)) for name in [ast.literal_eval(call.args[0])]}
    nodes = {name: [*call.args[1:4], *(each.value for each in call.keywords)] for name, call in calls.items()}
    return {name: [_value(argument, vars(module)) for argument in arguments] for name, arguments in nodes.items()}


def _calls(source: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in CHECKS
            and node.args
        ):
            yield node


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    return names.get(node.id) if isinstance(node, ast.Name) else ast.literal_eval(node)


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower()
