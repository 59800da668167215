"""The type of JSON values, in a module of its own so that importing it costs nothing."""

from __future__ import annotations

from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
