"""The fields of a Parallel, a Map and a distributed Map; imported only when a workflow has one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from ...asl.json_values import JsonObject
from ..states.distribution import Distribution
from ..states.nested_states import Map, Parallel
from .fields_of_states import FieldCollector, Piece, constant_fields
from .graph import nested_graph

if TYPE_CHECKING:
    from ..states.transitions import AnyState
    from ..workflow_type import AnyWorkflow


def collect_nested(collector: FieldCollector, state: AnyState) -> Iterator[Piece]:
    """Yield the pieces of a state with nested workflows."""
    yield from (_parallel if state.type == "Parallel" else _map)(collector, state)


def _parallel(collector: FieldCollector, state: AnyState) -> Iterator[Piece]:
    """Yield the pieces with the arguments and the branches of a Parallel."""
    parallel = cast("Parallel[object, object]", state)
    if parallel.sends is not None:
        yield collector.payload(collector.backend.arguments_field, parallel.sends.value)
    branches = parallel.branches
    names = [branch.__name__ for branch in branches]
    numbered = [f"{name}{index + 1 if names.count(name) > 1 else ''}" for index, name in enumerate(names)]
    yield constant_fields(
        {
            "Branches": [
                _compile_inner(collector, state, f"{state.name}.{name}", branch)
                for name, branch in zip(numbered, branches, strict=True)
            ]
        }
    )


def _map(collector: FieldCollector, state: AnyState) -> Iterator[Piece]:
    """Yield the pieces with the items of a Map, the input of each run, its distribution and its processor."""
    map_ = cast("Map[object]", state)
    distribution = map_.distribution
    if distribution is None or distribution.reader is None:
        yield collector.field("Items", map_.items)
    if map_.sends is not None:
        yield collector.payload("ItemSelector", map_.sends.value)
    yield from collector.fields({"MaxConcurrency": map_.max_concurrency})
    config: JsonObject = {"Mode": "INLINE"}
    if distribution is not None:
        config = {"Mode": "DISTRIBUTED", "ExecutionType": distribution.execution_type}
        yield from _distribution(collector, distribution)
    scope = _compile_inner(collector, state, state.name, map_.each)
    yield constant_fields({"ItemProcessor": {"ProcessorConfig": config, **scope}})


def _distribution(collector: FieldCollector, options: Distribution) -> Iterator[Piece]:
    if options.reader is not None:
        yield _reader(collector, options)
    if options.batcher is not None:
        yield _batcher(collector, options)
    if options.writer is not None:
        yield _writer(collector, options)
    elif options.flatten:
        yield constant_fields({"ResultWriter": {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}}})
    tolerated: dict[str, object] = {
        "ToleratedFailureCount": options.tolerated_failures,
        "ToleratedFailurePercentage": options.tolerated_percentage,
    }
    yield from collector.fields(tolerated)
    if options.label is not None:
        yield constant_fields({"Label": options.label})


def _reader(collector: FieldCollector, options: Distribution) -> Piece:
    reader = options.reader
    assert reader is not None
    config = {name: value for name, value in reader.config().items() if value is not None}

    def render(settings: object, sent: object) -> JsonObject:
        reader_config = _render_settings(collector, settings)
        source = _s3(collector, reader.resource, sent)
        return {"ItemReader": {**source, **({"ReaderConfig": reader_config} if reader_config else {})}}

    return Piece(render, (config, reader.arguments(collector.bindings)))


def _batcher(collector: FieldCollector, options: Distribution) -> Piece:
    assert options.batcher is not None
    limits = {name: value for name, value in options.batcher.limits().items() if value is not None}
    shared = options.batcher.batch_input

    def render(settings: object, *sent: object) -> JsonObject:
        batch_input: JsonObject = {"BatchInput": collector.backend.payload(sent[0])} if sent else {}
        return {"ItemBatcher": {**_render_settings(collector, settings), **batch_input}}

    return Piece(render, (limits, *(() if shared is None else (shared,))))


def _writer(collector: FieldCollector, options: Distribution) -> Piece:
    writer = options.writer
    assert writer is not None

    def render(sent: object) -> JsonObject:
        config: JsonObject = {"WriterConfig": writer.config()} if writer.config() else {}
        return {"ResultWriter": {**_s3(collector, "s3:putObject", sent), **config}}

    return Piece(render, (writer.arguments(collector.bindings),))


def _render_settings(collector: FieldCollector, settings: object) -> JsonObject:
    fields: JsonObject = {}
    for name, value in cast("dict[str, object]", settings).items():
        fields |= collector.backend.field(name, value)
    return fields


def _s3(collector: FieldCollector, resource: str, sent: object) -> JsonObject:
    return {
        "Resource": f"arn:{collector.bindings.partition}:states:::{resource}",
        collector.backend.arguments_field: collector.backend.payload(sent),
    }


def _compile_inner(
    collector: FieldCollector, state: AnyState, prefix: str, workflow: type[AnyWorkflow[Any, Any]]
) -> JsonObject:
    return collector.compile_inner(nested_graph(workflow.graph, prefix), state)
