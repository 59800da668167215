"""`booking config schema`: the JSON schema of the stage files, for editors."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The configuration of a stage.", no_args_is_help=True)


def add_commands(parent: typer.Typer) -> None:
    """Register the group."""
    parent.add_typer(app, name="config")


@app.callback()
def _group() -> None:
    """The configuration of a stage."""


@app.command("schema")
def schema(
    output: Annotated[Path | None, typer.Option(help="File to write; standard output if left out.")] = None,
) -> None:
    """Write the JSON schema with which editors complete and check Pulumi.<stage>.yaml."""
    from components.stage_schema import json_schema  # imports Pulumi, which takes a second

    text = json.dumps(json_schema(), indent=2) + "\n"
    if output is None:
        print(text, end="")
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, "utf-8")
