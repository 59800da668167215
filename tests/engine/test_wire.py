"""Conversion between Pulumi's wire format and plain values is lossless, including secrets."""

from pathlib import Path
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value
from hypothesis import given
from hypothesis import strategies as st

from local.provider.property_values import UNKNOWN, FileArchive, PropertyPath
from local.provider.wire import ARCHIVE, ASSET, SECRET, SIGNATURE, UNKNOWN_STRING, unwrap, wrap

NAMES = st.text("abcdefgh", min_size=1, max_size=4)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.just(UNKNOWN),
    st.builds(FileArchive, hash=NAMES, path=st.just(Path("/somewhere.zip"))),
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
PROPERTIES = st.dictionaries(NAMES, VALUES, max_size=4)
NOWHERE = Path("/nowhere")


@given(PROPERTIES)
def test_wrapped_values_are_unwrapped_unchanged(values: dict[str, Any]) -> None:
    assert unwrap(wrap(values), NOWHERE).values == values


@given(PROPERTIES, st.data())
def test_a_wrapped_secret_is_unwrapped_as_the_same_secret(values: dict[str, Any], data: st.DataObject) -> None:
    """Inside a list the whole list becomes secret, because its order may change."""
    secret = data.draw(st.sampled_from(sorted(_paths(values), key=repr) or [("absent",)]))
    unwrapped = unwrap(wrap(values, {secret}), NOWHERE)
    assert unwrapped.values == values
    assert all(
        any(secret[: len(property_path)] == property_path for property_path in unwrapped.secrets)
        for _ in unwrapped.secrets
    )
    assert bool(unwrapped.secrets) == (secret != ("absent",))


def test_only_the_secret_part_of_a_value_is_marked() -> None:
    wrapped = wrap({"tags": {"open": "1", "hidden": "2"}}, {("tags", "hidden")})
    tags = wrapped.fields["tags"].struct_value.fields
    assert tags["open"].string_value == "1"
    assert tags["hidden"].struct_value.fields[SIGNATURE].string_value == SECRET


def test_an_unknown_secret_is_unknown_and_secret() -> None:
    """The engine sends such values in a preview."""
    unwrapped = unwrap(
        Struct(fields={"key": _with_signature(SECRET, value=Value(string_value=UNKNOWN_STRING))}), NOWHERE
    )
    assert unwrapped.values == {"key": UNKNOWN}
    assert unwrapped.secrets == {("key",)}


def test_an_archive_of_assets_becomes_a_zip_named_by_its_hash(tmp_path: Path) -> None:
    """The same assets yield the same file, which is packed only once."""
    part = _with_signature(ASSET, text=Value(string_value="print(1)"), hash=Value(string_value="1"))
    parts = Value(struct_value=Struct(fields={"handler.py": part}))
    wrapped = Struct(fields={"code": _with_signature(ARCHIVE, assets=parts, hash=Value(string_value="abc"))})
    first, second = (unwrap(wrapped, tmp_path).values["code"] for _ in range(2))
    assert first == second == FileArchive(hash="abc")
    assert first.path == tmp_path / "archives" / "abc.zip"
    assert first.path.exists()


def _with_signature(signature: str, **fields: Value) -> Value:
    return Value(struct_value=Struct(fields={SIGNATURE: Value(string_value=signature), **fields}))


def _paths(value: Any, property_path: PropertyPath = ()) -> set[PropertyPath]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {found for key, item in inner for found in {(*property_path, key), *_paths(item, (*property_path, key))}}
