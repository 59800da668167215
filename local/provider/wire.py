"""Conversion of properties between Pulumi's wire format and the normal form.

On the wire a property is a protobuf value; secrets, archives, assets and outputs are dictionaries with a signature.
`unwrap` decodes them and records the paths of secrets; `wrap` encodes them. Sources: the Pulumi SDK's `runtime/rpc.py`,
and the engine's `sdk/go/common/resource/plugin/rpc.go`.
"""

import hashlib
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.protobuf.struct_pb2 import ListValue, Struct, Value

from .property_values import UNKNOWN, FileArchive, PropertyPath, ReadonlyValues, Values

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS: Final = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # of a truth value
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # of a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # of a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # of an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # of an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # of an object
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwrappedProperties:
    """Properties in normal form, and the paths of the secret ones."""

    values: Values
    secrets: frozenset[PropertyPath]


def unwrap(struct: Struct, folder: Path) -> UnwrappedProperties:
    """Convert properties from the wire; archives that consist of parts are packed into `folder`."""
    secrets: set[PropertyPath] = set()
    values = {name: _unwrap_value(value, (name,), secrets, folder) for name, value in struct.fields.items()}
    return UnwrappedProperties(values=values, secrets=frozenset(secrets))


def wrap(values: ReadonlyValues, secrets: Collection[PropertyPath] = ()) -> Struct:
    """Convert `values` to the wire format.

    A secret inside a list makes the whole list secret, because its order may differ.
    """
    secret_paths = {_up_to_list(path) for path in secrets}
    return Struct(fields={name: _wrap_value(value, (name,), secret_paths) for name, value in values.items()})


def _unwrap_value(value: Value, path: PropertyPath, secrets: set[PropertyPath], folder: Path) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return _unwrap_struct(value.struct_value, path, secrets, folder)
        case "list_value":
            items = value.list_value.values
            return [_unwrap_value(item, (*path, index), secrets, folder) for index, item in enumerate(items)]
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
        case "number_value":
            return value.number_value
        case "bool_value":
            return value.bool_value
        case _:
            return None


def _unwrap_struct(struct: Struct, path: PropertyPath, secrets: set[PropertyPath], folder: Path) -> Any:
    fields = struct.fields
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else None
    if signature is None:
        return {name: _unwrap_value(value, (*path, name), secrets, folder) for name, value in fields.items()}
    if signature in (ARCHIVE, ASSET):
        return _unwrap_archive(struct, folder)
    if signature == SECRET or ("secret" in fields and fields["secret"].bool_value):
        secrets.add(path)
    return _unwrap_value(fields["value"], path, secrets, folder) if "value" in fields else UNKNOWN


def _unwrap_archive(struct: Struct, folder: Path) -> FileArchive:
    fields = struct.fields
    hash_ = fields["hash"].string_value if "hash" in fields else ""
    is_asset = fields[SIGNATURE].string_value == ASSET
    if "path" in fields and fields["path"].string_value:
        return FileArchive(hash=hash_, path=Path(fields["path"].string_value).absolute(), is_asset=is_asset)
    if "assets" in fields or "text" in fields:
        return FileArchive(hash=hash_, path=_zip_assets(struct, hash_, folder))
    return FileArchive(hash=hash_)


def _zip_assets(struct: Struct, hash_: str, folder: Path) -> Path:
    """Return a zip of an archive that consists of parts, named by its hash."""
    parts = dict(_asset_files(struct, ""))
    name = hash_ or hashlib.sha256(repr(sorted(parts.items())).encode()).hexdigest()
    target = folder / "archives" / f"{name}.zip"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(target.with_suffix(".part"), "w", zipfile.ZIP_DEFLATED) as packed:
            for inside, content in parts.items():
                packed.writestr(inside, content)
        target.with_suffix(".part").rename(target)
    return target


def _asset_files(struct: Struct, inside: str) -> list[tuple[str, bytes]]:
    fields = struct.fields
    if "text" in fields and fields["text"].string_value:
        return [(inside, fields["text"].string_value.encode())]
    if "path" in fields and fields["path"].string_value:
        return _files_below(Path(fields["path"].string_value), inside)
    found: list[tuple[str, bytes]] = []
    for name, part in (fields["assets"].struct_value.fields if "assets" in fields else {}).items():
        found += _asset_files(part.struct_value, f"{inside}/{name}".lstrip("/"))
    return found


def _files_below(path: Path, inside: str) -> list[tuple[str, bytes]]:
    if path.is_file():
        return [(inside or path.name, path.read_bytes())]
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return [(f"{inside}/{file.relative_to(path).as_posix()}".lstrip("/"), file.read_bytes()) for file in files]


def _wrap_value(value: Any, path: PropertyPath, secrets: Collection[PropertyPath]) -> Value:
    if path in secrets:
        inner = _wrap_value(value, path, {other for other in secrets if other != path})
        return _with_signature(SECRET, {"value": inner})
    if value is UNKNOWN:
        return Value(string_value=UNKNOWN_STRING)
    if value is None:
        return Value(null_value=0)  # type: ignore[arg-type]  # the stub knows the enum's only member, not its number
    if isinstance(value, bool):
        return Value(bool_value=value)
    if isinstance(value, int | float):
        return Value(number_value=value)
    if isinstance(value, str):
        return Value(string_value=value)
    if isinstance(value, FileArchive):
        return _wrap_archive(value)
    if isinstance(value, Mapping):
        fields = {str(name): _wrap_value(item, (*path, str(name)), secrets) for name, item in value.items()}
        return Value(struct_value=Struct(fields=fields))
    items = [_wrap_value(item, (*path, index), secrets) for index, item in enumerate(value)]
    return Value(list_value=ListValue(values=items))


def _wrap_archive(archive: FileArchive) -> Value:
    path = {"path": Value(string_value=str(archive.path))} if archive.path else {}
    return _with_signature(ASSET if archive.is_asset else ARCHIVE, {"hash": Value(string_value=archive.hash), **path})


def _with_signature(signature: str, fields: Mapping[str, Value]) -> Value:
    return Value(struct_value=Struct(fields={SIGNATURE: Value(string_value=signature), **fields}))


def _up_to_list(path: PropertyPath) -> PropertyPath:
    ends = next((index for index, part in enumerate(path) if isinstance(part, int)), len(path))
    return path[:ends]
