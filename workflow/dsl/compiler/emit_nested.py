"""How a Parallel, a Map and a distributed Map are written; imported by the lowering when it meets one."""

from __future__ import annotations

from typing import cast

from ...asl.json_values import JsonObject
from ..states.arrows import AnyState, Catching
from ..states.distribution import Distribution
from ..states.nested_states import Map, Parallel
from .emit import ScopeWriter, compiled
from .graph import nested_graph


def written_nested(writer: ScopeWriter, state: AnyState) -> JsonObject:
    """The fields of a state with scopes inside it."""
    if isinstance(state, Parallel):
        own = _parallel(writer, cast("Parallel[object, object]", state))
    else:
        own = _map(writer, cast("Map[object]", state))
    return own | writer.kept(state) | writer.tried(cast("Catching[object, object]", state)) | writer.onward(state)


def _parallel(writer: ScopeWriter, parallel: Parallel[object, object]) -> JsonObject:
    written: JsonObject = {}
    if parallel.sends is not None:
        sent = writer.here(parallel, parallel.sends.value)
        written[writer.dialect.arguments_field] = writer.dialect.payload(sent)
    branches = parallel.branches
    names = [branch.__name__ for branch in branches]
    written["Branches"] = [
        _inside(writer, parallel, f"{parallel.name}.{name}{index + 1 if names.count(name) > 1 else ''}", branch)
        for index, (name, branch) in enumerate(zip(names, branches, strict=True))
    ]
    return written


def _map(writer: ScopeWriter, state: Map[object]) -> JsonObject:
    distribution = state.distribution
    written: JsonObject = {}
    if distribution is None or distribution.reader is None:
        written |= writer.dialect.field("Items", writer.here(state, state.items))
    if state.sends is not None:
        written["ItemSelector"] = writer.dialect.payload(writer.here(state, state.sends.value))
    written |= writer.fields(state, {"MaxConcurrency": state.at_once})
    config: JsonObject = {"Mode": "INLINE"}
    if distribution is not None:
        config = {"Mode": "DISTRIBUTED", "ExecutionType": distribution.execution_type}
        written |= _distribution(writer, state, distribution)
    written["ItemProcessor"] = {"ProcessorConfig": config, **_inside(writer, state, state.name, state.each)}
    return written


def _distribution(writer: ScopeWriter, state: AnyState, how: Distribution) -> JsonObject:
    written: JsonObject = {}
    if how.reader is not None:
        config = writer.fields(state, how.reader.config())
        read = _s3(writer, state, how.reader.resource, how.reader.arguments(writer.bindings))
        written["ItemReader"] = {**read, **({"ReaderConfig": config} if config else {})}
    if how.batcher is not None:
        limits, shared = writer.fields(state, how.batcher.limits()), how.batcher.batch_input
        also = {} if shared is None else {"BatchInput": writer.dialect.payload(writer.here(state, shared))}
        written["ItemBatcher"] = {**limits, **also}
    if how.writer is not None:
        wrote = _s3(writer, state, "s3:putObject", how.writer.arguments(writer.bindings))
        shape = {"WriterConfig": how.writer.config()} if how.writer.config() else {}
        written["ResultWriter"] = {**wrote, **shape}
    elif how.flatten:
        written["ResultWriter"] = {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}}
    tolerated: dict[str, object] = {
        "ToleratedFailureCount": how.tolerated_failures,
        "ToleratedFailurePercentage": how.tolerated_percentage,
    }
    written |= writer.fields(state, tolerated)
    return written if how.label is None else written | {"Label": how.label}


def _s3(writer: ScopeWriter, state: AnyState, resource: str, arguments: dict[str, object]) -> JsonObject:
    return {
        "Resource": f"arn:{writer.bindings.partition}:states:::{resource}",
        writer.dialect.arguments_field: writer.dialect.payload(writer.here(state, arguments)),
    }


def _inside(writer: ScopeWriter, state: AnyState, prefix: str, workflow: object) -> JsonObject:
    graph = nested_graph(cast("type", workflow), prefix)
    return compiled(graph, writer.bindings, writer.dialect, writer.surroundings.inside(state))
