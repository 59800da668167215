"""The command imports only the module of the given verb, and its table lists every verb."""

import json
import subprocess
import sys

import pytest
import typer

from cli.main import MODULES, build_app

VERBS = [verb for verbs in MODULES.values() for verb in verbs]


def names_in(app: typer.Typer) -> set[str]:
    """Return the verbs and groups that an application offers."""
    groups = {group.name for group in app.registered_groups}
    callbacks = [(command.name, command.callback) for command in app.registered_commands]
    return {str(name or (callback and callback.__name__)) for name, callback in callbacks} | {
        str(name) for name in groups
    }


def test_the_table_lists_every_verb_once() -> None:
    assert len(VERBS) == len(set(VERBS))
    assert set(VERBS) == names_in(build_app())


@pytest.mark.parametrize("module", MODULES)
def test_a_module_offers_the_verbs_of_its_row(module: str) -> None:
    assert names_in(build_app(MODULES[module][:1])) == set(MODULES[module])


def test_an_unknown_verb_builds_the_whole_command() -> None:
    assert names_in(build_app(["frobnicate"])) == set(VERBS)


@pytest.mark.parametrize(
    ("verb", "unwanted"),
    [
        ("workflow", {"boto3", "botocore", "handlers", "local", "pulumi", "components"}),
        ("config", {"boto3", "handlers", "local", "pulumi"}),
        ("stage-cost", {"boto3", "console", "handlers", "pulumi", "components", "local.drivers", "local.engine"}),
        ("purchase", {"pulumi", "components", "local.engine"}),
        ("orders", {"boto3", "console.server", "jinja2", "pulumi", "components", "workflow", "local.engine"}),
        ("report", {"boto3", "console", "jinja2", "pulumi", "components", "workflow", "local.engine"}),
    ],
)
def test_a_verb_imports_only_what_it_needs(verb: str, unwanted: set[str]) -> None:
    program = (
        f"import json, sys\nfrom cli.main import build_app\nbuild_app(['{verb}'])\nprint(json.dumps(list(sys.modules)))"
    )
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(json.loads(completed.stdout)) & unwanted == set()
