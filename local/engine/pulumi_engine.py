"""Preview, up, refresh and destroy with the real engine, on an instance of the embedded AWS."""

import os
import runpy
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pulumi
from pulumi.automation import CommandError, LocalWorkspace, OutputMap, PulumiCommand, Stack

from ..drivers.deployment_progress import Listener, Progress, ProgressNote, ignore_progress
from ..drivers.outstanding_tasks import wait_for_outputs
from ..errors import PassphraseMissing, StateLocked, name_of
from ..instance import Instance
from ..provider.property_values import ReadonlyValues, Values
from . import provider_process
from .config_errors import config_errors
from .engine_events import EngineEvents, program_location
from .engine_state import EngineState
from .orphans import remove_orphans
from .project import Project
from .pulumi_cli import DRIVER, engine_variables, reject_other_driver, require_cli
from .sdk_workarounds import collect_unfinished_programs, run_to_completion

_PASSPHRASE_VARIABLES: Final = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
_UNCHANGED_OPERATIONS: Final = frozenset({"same", "read", "refresh"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The steps of an operation, done or previewed."""

    steps: tuple[Progress, ...]
    outputs: Values = field(default_factory=dict)

    @property
    def changes(self) -> tuple[Progress, ...]:
        """The steps that changed something, each once, in order of completion."""
        return tuple(
            step for step in self.steps if step.phase == "done" and step.operation not in _UNCHANGED_OPERATIONS
        )


class PulumiEngine:
    """The engine for an instance, a program and one of its stages."""

    def __init__(
        self,
        instance: Instance,
        program: Path = Path("__main__.py"),
        stage: str = "dev",
        config: ReadonlyValues | None = None,
        listener: Listener = ignore_progress,
    ) -> None:
        self._instance = instance
        self._project = Project(program=program, stage=stage)
        self._config = dict(config or {})
        self._listener = listener
        self._locations: dict[tuple[str, str], str] = {}
        self._program_error: str | None = None

    # ---- operations -------------------------------------------------------------------------------------------

    def preview(self) -> Outcome:
        """Return the steps that `up` would take, without taking them."""
        with self._lock():
            stack = self._prepare_stack()
            return self._run(lambda events: stack.preview(on_event=events.handle, color="never"))

    def up(self) -> Outcome:
        """Update the instance to the program, continuing an interrupted run."""
        with self._lock():
            stack = self._prepare_stack()
            self._recover(stack)
            self._instance.driver = DRIVER
            outcome = self._run(
                lambda events: stack.up(
                    on_event=events.handle, color="never", suppress_outputs=True, show_secrets=False
                )
            )
            self._instance.save_outputs(outcome.outputs)
            self._remove_orphans()
        return outcome

    def refresh(self) -> Outcome:
        """Update the engine's state to the existing resources; the steps are the differences."""
        with self._lock():
            stack = self._prepare_stack()
            return self._run(
                lambda events: stack.refresh(on_event=events.handle, color="never", clear_pending_creates=True)
            )

    def destroy(self) -> Outcome:
        """Delete all resources of the stage."""
        with self._lock():
            stack = self._prepare_stack()
            self._recover(stack)
            outcome = self._run(lambda events: stack.destroy(on_event=events.handle, color="never", run_program=False))
            self._instance.save_outputs({})
            self._remove_orphans()
        return outcome

    # ---- helpers ----------------------------------------------------------------------------------------------

    def _lock(self) -> AbstractContextManager[None]:
        """Allow one operation at a time on the instance, with either driver."""
        waiting = ProgressNote(message="Another run is working on this embedded AWS; waiting for it to end.")
        return self._instance.deployment_lock(lambda: self._listener(waiting))

    @property
    def state(self) -> EngineState:
        """The engine's state of the stage."""
        return EngineState(folder=self._folder / "state", project=self._project.name, stage=self._project.stage)

    @property
    def _folder(self) -> Path:
        return self._instance.folder / "engine"

    def _prepare_stack(self) -> Stack:
        """Check the preconditions of an operation, and prepare the engine's files."""
        command = require_cli(self._project.root)
        reject_other_driver(self._instance)
        self._project.copy_to(self._folder / "work", self._config)
        variables = self._variables()
        self._reject_locked_state()
        return self._open_stack(command, variables)

    def _open_stack(self, command: PulumiCommand, variables: Mapping[str, str]) -> Stack:
        workspace = LocalWorkspace(
            work_dir=str(self._folder / "work"),
            program=self._run_program,
            env_vars=variables,
            secrets_provider="passphrase",
            pulumi_command=command,
        )
        stack: list[Stack] = []
        enter = Stack.select if self.state.exists() else Stack.create
        self._run(lambda _: stack.append(enter(self._project.stage, workspace)))
        return stack[0]

    def _variables(self) -> dict[str, str]:
        port = provider_process.ensure_running(self._instance, self._project.root)
        return {**engine_variables(self._instance, port), **self._passphrase()}

    def _passphrase(self) -> dict[str, str]:
        if not self._project.uses_own_passphrase():
            return {}
        given = {name: os.environ[name] for name in _PASSPHRASE_VARIABLES if os.environ.get(name)}
        if not given:
            raise PassphraseMissing(
                f"Pulumi.{self._project.stage}.yaml contains secrets that are encrypted with a passphrase: "
                f"set {' or '.join(_PASSPHRASE_VARIABLES)}."
            )
        # Leave an empty PULUMI_CONFIG_PASSPHRASE unset: Pulumi would take it for a passphrase and prefer it to the
        # file's.
        return {_PASSPHRASE_VARIABLES[1]: "", **given}

    def _reject_locked_state(self) -> None:
        for lock in self.state.locks():
            if lock.is_held:
                raise StateLocked(
                    f"Another run (process {lock.pid} on {lock.host}, since {lock.since}) is working on stage "
                    f"{self._project.stage}. Wait for it to end, then run this again."
                )

    def _recover(self, stack: Stack) -> None:
        """After a killed run, remove its lock and look for unfinished creations. `up` then adopts what it finds."""
        if not self.state.was_interrupted():
            return
        self._listener(
            ProgressNote(message="An earlier run was interrupted. Its lock is removed and its work is continued.")
        )
        if self.state.locks():
            self._run(lambda _: stack.cancel())
        self._run(
            lambda events: stack.refresh(on_event=events.handle, color="never", clear_pending_creates=True), quiet=True
        )

    def _remove_orphans(self) -> None:
        removed = remove_orphans(self._instance, self.state)
        if removed:
            names = ", ".join(name_of(urn) for urn in removed)
            self._listener(ProgressNote(message=f"Removed leftovers of an earlier run: {names}."))

    def _run(self, operation: Callable[[EngineEvents], object], *, quiet: bool = False) -> Outcome:
        events = EngineEvents(ignore_progress if quiet else self._listener, self._locations)
        try:
            result = run_to_completion(lambda: operation(events), events.listener)
        except CommandError as error:
            collect_unfinished_programs()
            raise events.error_for(error, self._program_error or self._config_errors(error)) from error
        return Outcome(steps=tuple(events.steps), outputs=_plain_outputs(getattr(result, "outputs", {})))

    def _config_errors(self, error: CommandError) -> str | None:
        """Return the program's own message about its configuration, which names every problem."""
        if "validating stack config" not in str(error):
            return None
        return config_errors(self._instance, self._project.program, self._project.stage, self._config)

    async def _run_program(self) -> None:
        """Run the program as the engine's inline program."""
        pulumi.runtime.register_stack_transformation(self._record_location)
        program, root = self._project.program.resolve(), self._project.root
        sys.path.insert(0, str(root))
        try:
            with chdir(root):
                runpy.run_path(str(program), run_name="__main__")
        except Exception as error:
            reason = str(error) or type(error).__name__
            self._program_error = reason if isinstance(error, pulumi.RunError) else f"The program failed: {reason}"
            raise
        finally:
            sys.path.remove(str(root))
        await wait_for_outputs()

    def _record_location(self, args: pulumi.ResourceTransformationArgs) -> None:
        """Record which line of the program creates a resource, for the message if it fails."""
        location = program_location(self._project.root)
        if location:
            self._locations[args.type_, args.name] = location


def _plain_outputs(outputs: OutputMap) -> Values:
    """Return the outputs without secrets, which stay in the state."""
    return {name: "[secret]" if output.secret else output.value for name, output in outputs.items()}
