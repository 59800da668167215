"""The options that several verbs share."""

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
StageOption = Annotated[
    str | None,
    typer.Option("--stage", help="Talk to this deployed stack (through `pulumi stack output`), not the embedded AWS."),
]
InstanceOption = Annotated[
    str, typer.Option("--instance", envvar="BOOKING_INSTANCE", help="Which embedded AWS of this folder to talk to.")
]
