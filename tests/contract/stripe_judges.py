"""Stripe's own judges: stripe-mock, which checks requests, and its OpenAPI document, which describes answers."""

import contextlib
import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from local.instance.connections import free_port
from tests.environment import require

JUDGE = Path(__file__).parents[2] / ".build" / "judges" / "stripe"
Schema = Mapping[str, Any]


def require_installed() -> None:
    """Skip the test where the judge is not installed; fail it in CI."""
    require((JUDGE / ".installed").exists(), "stripe-mock is not installed: run `make judges`.")


@contextlib.contextmanager
def stripe_mock(folder: Path) -> Iterator[str]:
    """Run stripe-mock until the end of the block; yield its address."""
    require_installed()
    port = free_port()
    with (folder / "stripe-mock.log").open("wb") as log:
        command = [str(JUDGE / "stripe-mock"), "-http-port", str(port), "-strict-version-check"]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_until_it_answers(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    pool = urllib3.PoolManager(retries=False)
    while process.poll() is None:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            pool.request("GET", f"http://127.0.0.1:{port}/")
            pool.clear()
            return
        time.sleep(0.05)
    raise RuntimeError("stripe-mock ended before it answered")


@cache
def openapi() -> Schema:
    """Return the OpenAPI document that stripe-mock holds."""
    require_installed()
    document: Schema = json.loads((JUDGE / "openapi.json").read_text("utf-8"))
    return document


def answer_problems(method: str, target: str, status: int, answer: object) -> list[str]:
    """Return the differences between an answer and the document."""
    path = urlsplit(target).path
    for template, operations in openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and method.lower() in operations:
            answers = operations[method.lower()]["responses"]
            described = answers["200" if status == 200 else "default"]["content"]["application/json"]["schema"]
            return list(problems(described, answer, f"{method} {template}"))
    return [f"{method} {path} is not an operation of the API."]


def problems(schema: Schema, value: Any, at: str) -> Iterator[str]:
    """Yield every place where a value differs from its schema, unknown fields included."""
    if "$ref" in schema:
        yield from problems(openapi()["components"]["schemas"][schema["$ref"].rpartition("/")[2]], value, at)
    elif value is None and schema.get("nullable"):
        return
    elif "anyOf" in schema:
        yield from _fewest(schema["anyOf"], value, at)
    else:
        yield from _plain_problems(schema, value, at)


def _fewest(choices: list[Schema], value: Any, at: str) -> list[str]:
    """Return the problems with the choice that fits best."""
    return min((list(problems(choice, value, at)) for choice in choices), key=len)


_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def _plain_problems(schema: Schema, value: Any, at: str) -> Iterator[str]:
    kind = schema.get("type", "object")
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{at}: {value!r} is not of type {kind}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is not one of {schema['enum']}"
    elif isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        yield f"{at}: longer than {schema['maxLength']}"
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from problems(schema.get("items", {}), item, f"{at}[{number}]")
    elif isinstance(value, dict):
        yield from _object_problems(schema, value, at)


def _object_problems(schema: Schema, value: dict[str, Any], at: str) -> Iterator[str]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    yield from (f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value)
    for name, item in value.items():
        if name in properties:
            yield from problems(properties[name], item, f"{at}.{name}")
        elif isinstance(others, dict):
            yield from problems(others, item, f"{at}.{name}")
        elif properties:
            yield f"{at}.{name} is not a field of the API"
