"""Measure the language of the tracked files: names, docstrings and phrases that stop a first-time reader.

Run `python -m tools.language` for a table, `--list PACKAGE` for every finding with file and line, `--json` for the
figures, and `--lower` to lower the recorded maximums (tests/repo/language.json) to the current figures.

A participle-named function acts unless it is a property, returns a bool, or only computes a value: it acts when it
returns nothing, is a context manager, discards the value of a call on something that it did not create, assigns to an
attribute or item of such a thing, or calls a function of its own module that acts.

Longer than 250 lines so that it stays one file, which also measures checkouts that do not contain it.
"""

import argparse
import ast
import io
import json
import re
import subprocess
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

STRICT: Final = ("cli", "components", "handlers")
"""Packages that must reach zero. A name that one of them shares with another package counts for the other package."""
MAXIMUMS: Final = Path("tests/repo/language.json")


def words(*texts: str) -> frozenset[str]:
    """Return the words of all texts."""
    return frozenset(" ".join(texts).split())


PARTICIPLES: Final = words(
    "begun bought brought built caught chosen done drawn fed felt found given gone got heard held hidden kept known",
    "laid led left lent lost made meant met paid said seen sent shown slept sold spelt spent stood taken taught",
    "thought told understood withheld won worn written",
)
IMPERATIVES: Final = words(
    "add alert assert build check clear collect compute count delete discard drop ensure expect fetch find get ignore",
    "is keep list load log make mark print raise read record reject remove report require return run save show skip",
    "sort start stop store update wait write yield",
)
NOT_PARTICIPLES: Final = words("embed exceed feed need proceed seed speed succeed")
PARTICLES: Final = words("as at back by for from in of off on out to up with")
PREDICATE: Final = re.compile(r"_*(is|are|was|were|has|have|can|may|must|should|needs)_")
QUESTION: Final = re.compile(r"(What|Where|Whether|How|Who|Whom|Whose|Which|When)\b")
IS_NO: Final = re.compile(r"(?<![Tt]here )\b(?:is|are) (?:no|none)\b(?! (?:longer|more|less|later|earlier)\b)")
AWS_TERMS: Final = words(
    "Alarm Alias Api Bucket Dashboard EventBus Execution Function Key LogGroup Permission Policy Queue Role Route"
    " Rule Schedule Stage StateMachine Table Topic"
)
PULUMI_TERMS: Final = words("Args Provider Resource Stack")
SHARED_FILES: Final = words(
    "__init__ __main__ conftest",  # Python's and pytest's own names
    "backup cloudwatch dynamodb eventbridge events iam kms lambda_ logs s3 scheduler secrets_manager signer sns",
    "sqs states",  # services
    "errors",  # a package's tree of errors
    "api audit down gateway_events order purchase reconcile record refund stock stripe_gateway",  # in two layers
    "up workflow",
)
SYMPTOMS: Final = {
    "participle": "this function acts: name it with an imperative (`charge`, not `_charged`)",
    "question": "begin the docstring with a verb or a noun phrase",
    "class": "rename one of the classes, or allow an AWS or Pulumi term in tools/language.py",
    "file": "rename one of the files, or allow a role in tools/language.py",
    "is_no": "write `is not a number` or `must be a number`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One name, docstring or phrase to change."""

    symptom: str
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}: {SYMPTOMS[self.symptom]}"


@dataclass(slots=True)
class Figures:
    """The size of a package and what was found in it."""

    functions: int = 0
    participles: int = 0
    docstrings: int = 0
    found: dict[str, list[Violation]] = field(default_factory=lambda: {symptom: [] for symptom in SYMPTOMS})

    def as_json(self) -> dict[str, int]:
        """Return the number of each symptom and the sizes that they are to be compared with."""
        sizes = {"functions": self.functions, "participles": self.participles, "docstrings": self.docstrings}
        return sizes | {symptom: len(found) for symptom, found in self.found.items()}


Function = ast.FunctionDef | ast.AsyncFunctionDef


def measure(root: Path) -> dict[str, Figures]:
    """Return the figures of each top-level folder of a checkout."""
    files = list_files(root)
    sources = {name: (root / name).read_text("utf-8") for name in files if (root / name).is_file()}
    figures: dict[str, Figures] = defaultdict(Figures)
    classes: list[tuple[str, str, int]] = []
    for name, source in sources.items():
        found = figures[package_of(name)]
        if name.endswith(".md"):
            _collect(found, phrases(name, enumerate(source.splitlines(), 1)))
            continue
        tree = ast.parse(source)
        classes += [(node.name, name, node.lineno) for node in tree.body if isinstance(node, ast.ClassDef)]
        _measure_module(found, name, source, tree)
    _share(figures, classes, AWS_TERMS | PULUMI_TERMS, "class")
    stems = [(PurePosixPath(name).stem, name, 1) for name in sources if name.endswith(".py")]
    _share(figures, stems, SHARED_FILES, "file")
    return dict(sorted(figures.items()))


def list_files(root: Path) -> list[str]:
    """Return the tracked modules and pages of a checkout."""
    listed = subprocess.run(["git", "ls-files", "*.py", "*.md"], cwd=root, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def package_of(name: str) -> str:
    """Return the top-level folder of a file, `docs` for every page, or the file itself."""
    return "docs" if name.endswith(".md") else name.partition("/")[0]


def participle_named(name: str) -> bool:
    """Return whether a name ends in a participle, before any particle (`paid_back`), unless it begins with a verb."""
    parts = name.strip("_").split("_")
    while len(parts) > 1 and parts[-1] in PARTICLES:
        parts.pop()
    first, last = parts[0], parts[-1]
    if first in IMPERATIVES:
        return False
    return last in PARTICIPLES or (len(last) > 3 and last.endswith("ed") and last not in NOT_PARTICIPLES)


def acting(tree: ast.Module) -> set[str]:
    """Return the names of the functions in a module that act, directly or through one another."""
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    found = {node.name for node in functions if _acts(node)}
    called = [(node.name, _calls(node)) for node in functions]
    while more := {name for name, names in called if names & found} - found:
        found |= more
    return found


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the docstrings of modules, classes, functions and attributes with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | Function):
            for position, statement in enumerate(node.body):
                documents = position == 0 or isinstance(node.body[position - 1], ast.Assign | ast.AnnAssign)
                match statement:
                    case ast.Expr(value=ast.Constant(value=str(text))) if documents:
                        yield statement.lineno, text.strip()


def phrases(name: str, lines: Iterable[tuple[int, str]]) -> Iterator[Violation]:
    """Yield the phrases that negate a noun after `is` or `are`, except in `there is no …`."""
    for number, line in lines:
        for match in IS_NO.finditer(line):
            around = line[max(0, match.start() - 30) : match.end() + 30].strip()
            yield Violation(symptom="is_no", file=name, line=number, text=f"… {around} …")


def _collect(figures: Figures, violations: Iterable[Violation]) -> None:
    for violation in violations:
        figures.found[violation.symptom].append(violation)


def _measure_module(figures: Figures, name: str, source: str, tree: ast.Module) -> None:
    functions = [node for node in ast.walk(tree) if isinstance(node, Function) and not node.name.startswith("test_")]
    participles = [node for node in functions if participle_named(node.name)]
    figures.functions += len(functions)
    figures.participles += len(participles)
    suspects = [node for node in participles if not _is_value(node)]
    acts = acting(tree) if suspects else set[str]()
    _collect(
        figures,
        (
            Violation(symptom="participle", file=name, line=node.lineno, text=node.name)
            for node in suspects
            if node.name in acts
        ),
    )
    for line, text in docstrings(tree):
        figures.docstrings += 1
        if QUESTION.match(text):
            first = text.splitlines()[0][:60]
            _collect(figures, [Violation(symptom="question", file=name, line=line, text=first)])
    if IS_NO.search(source):  # or no line of it has a phrase, and its tokens need not be told apart
        _collect(figures, phrases(name, _text_lines(source)))


def _text_lines(source: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a module's strings and comments."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)):
            yield from enumerate(token.string.splitlines(), token.start[0])


def _share(
    figures: dict[str, Figures], names: list[tuple[str, str, int]], allowed: frozenset[str], symptom: str
) -> None:
    """Count each name that several files use, once for each package in which it must change."""
    places: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, file, line in names:
        places[name].append((file, line))
    for name, used in places.items():
        if name not in allowed and len({file for file, _ in used}) > 1:
            for package, (file, line) in _to_change(used).items():
                others = ", ".join(f"{other}:{at}" for other, at in used if other != file)
                text = f"{name} (also {others})"
                _collect(figures[package], [Violation(symptom=symptom, file=file, line=line, text=text)])


def _to_change(used: list[tuple[str, int]]) -> dict[str, tuple[str, int]]:
    packages = [package_of(file) for file, _ in used]
    last = dict(zip(packages, used, strict=True))
    lenient = {package for package in last if package not in STRICT}
    return {
        package: at for package, at in last.items() if package in lenient or not lenient or packages.count(package) > 1
    }


def _is_value(node: Function) -> bool:
    """Return whether a function is read as a value: a property, a fixture, a predicate."""
    decorators = {name.rpartition(".")[2] for name in map(_dotted_name, node.decorator_list)}
    returns_bool = isinstance(node.returns, ast.Name) and node.returns.id in ("bool", "TypeIs", "TypeGuard")
    return bool(decorators & {"property", "cached_property", "fixture", "composite"} or returns_bool) or bool(
        PREDICATE.match(node.name)
    )


def _dotted_name(node: ast.expr) -> str:
    return ast.unparse(node.func if isinstance(node, ast.Call) else node)


def _acts(node: Function) -> bool:
    returns_nothing = isinstance(node.returns, ast.Constant) and node.returns.value is None
    manages = any(_dotted_name(each).endswith("contextmanager") for each in node.decorator_list)
    own = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    return returns_nothing or manages or any(_changes(statement, own) for statement in ast.walk(node))


def _changes(statement: ast.AST, own: set[str]) -> bool:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return _root(statement.value.func) not in own
    if isinstance(statement, ast.Attribute | ast.Subscript) and isinstance(statement.ctx, ast.Store | ast.Del):
        return _root(statement) not in own
    return isinstance(statement, ast.Global | ast.Nonlocal)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _calls(node: Function) -> set[str]:
    return {each.func.id for each in ast.walk(node) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)}


def _table(figures: dict[str, Figures]) -> str:
    heads = ["package", "functions", "participles", "%", "docstrings", "question %", *SYMPTOMS]
    rows = [heads]
    for package, found in figures.items():
        share = f"{100 * found.participles / max(1, found.functions):.1f}"
        question_share = f"{100 * len(found.found['question']) / max(1, found.docstrings):.1f}"
        counts = [str(len(each)) for each in found.found.values()]
        rows.append(
            [
                package,
                str(found.functions),
                str(found.participles),
                share,
                str(found.docstrings),
                question_share,
                *counts,
            ]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def lower(maximums: dict[str, dict[str, int]], figures: dict[str, Figures]) -> dict[str, dict[str, int]]:
    """Return the maximums, each lowered to the current figure and dropped at zero; none ever rises."""
    current = {package: found.as_json() for package, found in figures.items()}
    lowered = {
        package: {symptom: min(maximum, current.get(package, {}).get(symptom, 0)) for symptom, maximum in each.items()}
        for package, each in maximums.items()
    }
    without_zeros = {
        package: {symptom: left for symptom, left in each.items() if left} for package, each in lowered.items()
    }
    return {package: each for package, each in without_zeros.items() if each}


def main(arguments: list[str]) -> None:
    """Measure the checkout in the working directory."""
    parser = argparse.ArgumentParser(prog="python -m tools.language")
    parser.add_argument("--list", metavar="PACKAGE", help="print every finding in a package")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--lower", action="store_true", help=f"lower the maximums in {MAXIMUMS}")
    options = parser.parse_args(arguments)
    figures = measure(Path.cwd())
    if options.lower:
        lowered = lower(json.loads(MAXIMUMS.read_text("utf-8")), figures)
        MAXIMUMS.write_text(json.dumps(lowered, indent=2) + "\n", "utf-8")
    elif options.list:
        for found in figures.get(options.list, Figures()).found.values():
            print(*found, sep="\n", end="\n" if found else "")
    elif options.json:
        print(json.dumps({package: found.as_json() for package, found in figures.items()}, indent=2))
    else:
        print(_table(figures))


if __name__ == "__main__":
    main(sys.argv[1:])
