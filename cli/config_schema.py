"""`booking config schema`: the JSON schema of the stage files, for editors."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="What a stage can be configured with.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What a stage can be configured with."""


@app.command("schema")
def schema(
    output: Annotated[Path | None, typer.Option(help="Write it to this file instead of printing it.")] = None,
) -> None:
    """Write the JSON schema that editors use to complete and check Pulumi.<stage>.yaml."""
    from components.stage_schema import json_schema  # imports Pulumi: a second that other verbs need not wait for

    text = json.dumps(json_schema(), indent=2) + "\n"
    if output is None:
        print(text, end="")
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, "utf-8")
