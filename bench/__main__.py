"""`python -m bench [NAME …]`: runs the benchmarks of this folder; each prints ratios measured in one run."""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).parent


def names() -> list[str]:
    """The benchmarks there are."""
    return sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def main(wanted: list[str]) -> int:
    """Run the wanted benchmarks, or all."""
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        print(f"No benchmark is called {', '.join(unknown)}; there are {', '.join(names())}.", file=sys.stderr)
        return 64
    for name in wanted or names():
        print(f"== {name}")
        importlib.import_module(f"{__package__}.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
