"""Run benchmarks of this folder: `python -m bench [NAME …]`."""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).parent


def benchmark_names() -> list[str]:
    """Return the names of all benchmarks."""
    return sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def main(requested: list[str]) -> int:
    """Run the requested benchmarks, or all."""
    unknown = sorted(set(requested) - set(benchmark_names()))
    if unknown:
        print(f"Unknown benchmark {', '.join(unknown)}. Choose from {', '.join(benchmark_names())}.", file=sys.stderr)
        return 64
    for name in requested or benchmark_names():
        print(f"== {name}")
        importlib.import_module(f"{__package__}.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
