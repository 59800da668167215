"""`booking token` and `booking person`: call the API of the embedded AWS, and find the ids of its callers."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from handlers.contracts.api_routes import Role
from handlers.domain.requests import person_id_of
from local.instance import Instance
from local.instance.token_issuer import OWN_ISSUER, TOKEN_LIFE, issue_token

from .command_errors import CommandFailed
from .output import JsonOption, show
from .target import InstanceOption, local_instance

RoleOption = Annotated[list[Role], typer.Option("--role", help="A role of the caller; repeat it for several.")]
SubjectOption = Annotated[
    str | None, typer.Option("--subject", help="Name of the caller; by default that of the first role.")
]
IssuerOption = Annotated[str, typer.Option("--issuer", help="Issuer of the person's tokens: the stage's apiIssuer.")]


def add_commands(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(token)
    app.command()(person)


def token(
    role: RoleOption,
    subject: SubjectOption = None,
    as_json: JsonOption = False,
    instance: InstanceOption = "default",
) -> None:
    """Print an access token for the API of the embedded AWS, valid for an hour. No other deployment accepts it."""
    aws = local_instance(instance)
    if not aws.is_running:
        raise CommandFailed("The embedded AWS is not running. Start it with `booking up`.")
    if not _accepts_own_tokens(aws, aws.outputs().get("apiUrl")):
        raise CommandFailed(
            "The program in the embedded AWS has no API that accepts such a token. A stage with its own apiIssuer "
            "accepts that issuer's tokens, and one with workflowType EXPRESS has no API here."
        )
    name = subject or role[0].value
    issued = issue_token(aws.folder, name, [each.value for each in role])
    document = {
        "token": issued,
        "id": person_id_of(OWN_ISSUER, name),
        "roles": sorted(role),
        "expires_in": int(TOKEN_LIFE.total_seconds()),
    }
    show(as_json, document, lambda _: print(issued))


def person(
    subject: Annotated[str, typer.Argument(help="The claim `sub` of the person's tokens.")],
    issuer: IssuerOption = OWN_ISSUER,
    as_json: JsonOption = False,
) -> None:
    """Print the id by which orders and requests name a caller of the API."""
    found = person_id_of(issuer, subject)
    show(as_json, {"issuer": issuer, "subject": subject, "id": found}, lambda _: print(found))


def describe_access(aws: Instance, outputs: Mapping[str, Any]) -> list[str]:
    """Return the address of the embedded AWS's API and a command that calls it, or nothing if there is no API.

    For an API with another issuer there is no command, because `booking token` cannot make its tokens.
    """
    url = outputs.get("apiUrl")
    if not url:
        return []
    if not _accepts_own_tokens(aws, url):
        return [f"The API answers at {url} and accepts the tokens of the stage's apiIssuer."]
    certificate = shlex.quote(os.path.relpath(aws.certificate, Path.cwd()))
    named = "" if aws.name == "default" else f" --instance {aws.name}"
    bearer = f'"Authorization: Bearer $(booking token --role staff{named})"'
    return [f"The API answers at {url}", f"  curl --cacert {certificate} -H {bearer} {url}/v1/orders"]


def _accepts_own_tokens(aws: Instance, url: str | None) -> bool:
    """Return whether the authorizer of the API at an address accepts the embedded AWS's tokens."""
    if not url:
        return False
    apis = aws.client("apigatewayv2")
    ids = [each["ApiId"] for each in apis.get_apis()["Items"] if url.endswith(f"/{each['ApiId']}")]
    authorizers = [found for each in ids for found in apis.get_authorizers(ApiId=each)["Items"]]
    return any(each.get("JwtConfiguration", {}).get("Issuer") == OWN_ISSUER for each in authorizers)
