"""Convert the engine's events to progress, and its failures to messages."""

import os
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pulumi.automation import CommandError, EngineEvent
from pulumi.automation.events import DiagnosticEvent, StepEventMetadata

from ..drivers.deployment_progress import Listener, Operation, Phase, Progress
from ..errors import DeploymentFailed, EngineError, EngineKilled, StateLocked, name_of

_OPERATIONS: Final[Mapping[str, Operation]] = {
    "same": "same",
    "create": "create",
    "update": "update",
    "create-replacement": "replace",
    "delete": "delete",
    "delete-replaced": "delete",
    "read": "read",
    "refresh": "refresh",
    "import": "read",
}
_INTERNAL_TYPES: Final = ("pulumi:pulumi:Stack", "pulumi:providers:")
_THIS_FOLDER: Final = str(Path(__file__).parent)
_COLOURS: Final = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")
_LABELS: Final = re.compile(r"^(stderr: |stdout: )?(error: )?")
_REPEATED_PREFIX: Final = re.compile(r"(?i)^(update|preview|destroy|refresh|resource registration) failed(: |$)")


@dataclass(slots=True)
class EngineEvents:
    """A listener to one operation of the engine that reports progress and collects failures."""

    listener: Listener
    locations: Mapping[tuple[str, str], str]
    """Type and name of a resource → the place in the program that creates it."""
    failures: list[str] = field(default_factory=list)
    steps: list[Progress] = field(default_factory=list)

    def handle(self, event: EngineEvent) -> None:
        """Handle an event; this is the callback for the Automation API."""
        if event.resource_pre_event:
            self._record_step("begun", event.resource_pre_event)
        elif event.res_outputs_event:
            self._record_step("done", event.res_outputs_event)
        elif event.res_op_failed_event:
            self._record_step("failed", event.res_op_failed_event)
        elif event.diagnostic_event and event.diagnostic_event.severity == "error":
            self._record_failure(event.diagnostic_event)

    def error_for(self, error: CommandError, program_error: str | None) -> Exception:
        """Return the exception to raise for a failed command."""
        text = str(error)
        if "is currently locked" in text:
            return StateLocked("Another run is working on this stage. Wait for it to end, then run this again.")
        if re.search(r"code: -\d+", text):
            return EngineKilled(
                "The engine was killed during an operation. Run `booking up` again to continue from there."
            )
        if program_error is not None:
            return DeploymentFailed(program_error)
        if self.failures:
            return DeploymentFailed("\n".join(self.failures))
        return EngineError(f"The engine failed: {_last_line(text)}")

    def _record_step(self, phase: Phase, event: Any) -> None:
        metadata: StepEventMetadata = event.metadata
        operation = _OPERATIONS.get(str(getattr(metadata.op, "value", metadata.op)))
        if operation is None or metadata.type.startswith(_INTERNAL_TYPES) or _is_component(metadata):
            return
        step = _to_progress(operation, phase, metadata)
        self.steps.append(step)
        self.listener(step)

    def _record_failure(self, diagnostic: DiagnosticEvent) -> None:
        message = " ".join(_COLOURS.sub("", diagnostic.message).split()).removeprefix("error: ")
        message = _REPEATED_PREFIX.sub("", message)
        if not message or "Traceback (most recent call last)" in message:
            return
        located = self._with_location(diagnostic.urn or "", message)
        if located not in self.failures:
            self.failures.append(located)

    def _with_location(self, urn: str, message: str) -> str:
        if not urn or "pulumi:pulumi:Stack" in urn.split("::")[-2]:
            return message
        type_, name = name_of(urn).split(" ", 1)
        location = self.locations.get((type_, name))
        resource = f"{type_} {name}" + (f" ({location})" if location else "")
        return f"{resource}: {_strip_resource_name(message, type_, name)}"


def program_location(root: Path) -> str | None:
    """Return the innermost frame of the call stack in the program's own code."""
    for frame, line in traceback.walk_stack(None):
        file = frame.f_code.co_filename
        if file.startswith(f"{root}{os.sep}") and not file.startswith((_THIS_FOLDER, f"{root}{os.sep}.venv")):
            return f"{file.removeprefix(f'{root}{os.sep}')}, line {line}"
    return None


def _to_progress(operation: Operation, phase: Phase, metadata: StepEventMetadata) -> Progress:
    detailed = metadata.detailed_diff or {}
    return Progress(
        operation=operation,
        phase=phase,
        type=metadata.type,
        name=metadata.urn.split("::")[-1],
        urn=metadata.urn,
        changed_properties=tuple(sorted(detailed)) or tuple(metadata.diffs or ()),
        replacement_causes=tuple(
            sorted(path for path, diff in detailed.items() if "replace" in str(diff.diff_kind.value))
        ),
    )


def _is_component(metadata: StepEventMetadata) -> bool:
    """Return whether a type is a component. Components exist only in the engine; only their children change AWS."""
    state = metadata.new or metadata.old
    return state is not None and not state.custom


def _strip_resource_name(message: str, type_: str, name: str) -> str:
    """Remove the resource's name, which both the engine and the provider put before the reason."""
    message = re.sub(r"^(\d+ errors? occurred: )?\* |^rpc error: code = \w+ desc = ", "", message)
    match = re.fullmatch(
        rf"{re.escape(type_)} resource '{re.escape(name)}'(?:: property (\S+) value .*?)? has a problem: (.*)", message
    )
    if match:
        return f"{match[1]}: {match[2]}" if match[1] else match[2]
    return message.replace(f"{type_} {name} could not be ", "could not be ")


def _last_line(text: str) -> str:
    lines = [_LABELS.sub("", line.strip()) for line in _COLOURS.sub("", text).splitlines() if "error" in line.lower()]
    return lines[-1] if lines else "it gave no reason"
