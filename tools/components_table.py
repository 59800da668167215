"""Write README's table of components from their docstrings: `python -m tools.components_table`."""

import inspect
from pathlib import Path
from typing import Final

import components
from components.base import Component

README: Final = Path(__file__).parents[1] / "README.md"
HEAD: Final = "| component | what it creates |\n|---|---|\n"


def render_table() -> str:
    """Return a row for each public component: its name and the first paragraph of its docstring."""
    public = [each for each in vars(components).values() if inspect.isclass(each) and issubclass(each, Component)]
    rows = sorted(f"| `{each.__name__}` | {_summary(each)} |\n" for each in public)
    return HEAD + "".join(rows)


def update_readme(text: str) -> str:
    """Return README with its table replaced."""
    before, _, rest = text.partition(HEAD)
    return before + render_table() + "\n" + rest.partition("\n\n")[2]


def _summary(component: type[Component]) -> str:
    paragraph = inspect.getdoc(component) or ""
    return " ".join(paragraph.partition("\n\n")[0].split())


if __name__ == "__main__":
    README.write_text(update_readme(README.read_text("utf-8")), "utf-8")
