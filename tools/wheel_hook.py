"""Build the wheel: every package moves into `stepbooking`, and imports between the packages follow (ADR 1)."""

import ast
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HOME = "stepbooking"
PARTS = ("cli", "components", "console", "handlers", "local", "workflow")
DATA = {".css", ".html", ".js", ".json", ".lock", ".typed", ".yaml", ".svg"}


class WheelHook(BuildHookInterface[Any]):
    """Hatchling's hook, called before it packs."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the rewritten packages to a standard wheel; an editable one uses the folders as they are."""
        if version == "editable":
            return
        root = Path(self.root)
        staging = root / ".build" / "wheel"
        for source in sorted((root / HOME).glob("*.py")):
            build_data["force_include"][str(stage_file(source, root, staging))] = str(source.relative_to(root))
        for part in PARTS:
            for source in part_files(root / part):
                build_data["force_include"][str(stage_file(source, root, staging))] = (
                    f"{HOME}/{source.relative_to(root)}"
                )


def stage_file(source: Path, root: Path, staging: Path) -> Path:
    """Write the wheel's version of a file and return its path."""
    target = staging / source.relative_to(root)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(move_imports(source) if source.suffix == ".py" else source.read_bytes())
    return target


def part_files(folder: Path) -> list[Path]:
    """Return the files of a package that ship: code and data, but no caches."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (path.suffix == ".py" or path.suffix in DATA) and "__pycache__" not in path.parts
    ]


def move_imports(source: Path) -> bytes:
    """Return a module's source with `from <package>… import` changed to `from stepbooking.<package>… import`.

    Raises:
        SyntaxError: `import <package>`, which cannot have the same meaning in both places.
    """
    text = source.read_text("utf-8")
    lines = text.encode("utf-8").splitlines(keepends=True)
    for node in ast.walk(ast.parse(text, str(source))):
        if isinstance(node, ast.Import) and any(_is_own_package(alias.name) for alias in node.names):
            raise SyntaxError(f"{source}:{node.lineno}: write 'from {node.names[0].name} import …', not 'import'")
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module and _is_own_package(node.module):
            line, column = node.lineno - 1, node.col_offset
            head, tail = lines[line][:column], lines[line][column:]
            lines[line] = head + tail.replace(b"from ", f"from {HOME}.".encode(), 1)
    return b"".join(lines)


def _is_own_package(module: str) -> bool:
    return module.split(".")[0] in PARTS
