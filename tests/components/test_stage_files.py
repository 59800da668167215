"""Stage files as people write them: an editor with our schema rejects the same values as the program."""

import json
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.stage import InvalidStage, Stage
from components.stage_schema import integer_pattern, json_schema
from local.drivers.stack_config import load_config
from tests.components.synth import CHECKOUT, STAGES, record
from tests.components.test_stage import CONTRADICTORY, INVALID_VALUES, KEYS, load_stage
from tests.workflow.asl_judges import INSTALLED, npm_judges

WRONG_TYPE = {"a": 1}
"""An object, which no key accepts."""
FIELDS: dict[str, Any] = Stage.model_json_schema(by_alias=True)["properties"]
NUMBERS = [key for key in KEYS if FIELDS[key]["type"] == "integer"]
FLAGS = [key for key in KEYS if FIELDS[key]["type"] == "boolean"]
RANGES = [(FIELDS[key]["minimum"], FIELDS[key]["maximum"]) for key in NUMBERS if "minimum" in FIELDS[key]]


def load_file(folder: Path, written: str, secrets: set[str] | None = None) -> Stage:
    """Load the stage of a program whose `Pulumi.dev.yaml` has this configuration."""
    (folder / "Pulumi.yaml").write_text("name: booking\nruntime: python\n")
    required = "" if "booking:alertRecipientRequired" in written else "  booking:alertRecipientRequired: false\n"
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n{required}{written}")
    values = load_config(folder / "__main__.py", "dev").values
    found: list[Stage] = []

    def program() -> None:
        pulumi.runtime.set_all_config(values, list(secrets or ()))
        found.append(Stage.load())

    record(program, stage="dev")
    return found[0]


def refusals(folder: Path, written: str, secrets: set[str] | None = None) -> list[str]:
    """Return the sentences with which a configuration is rejected."""
    with pytest.raises(InvalidStage) as refused:
        load_file(folder, written, secrets)
    return [line.strip() for line in str(refused.value).splitlines()[1:]]


@pytest.mark.parametrize("key", KEYS)
def test_a_value_of_the_wrong_type_is_rejected_with_one_message(tmp_path: Path, key: str) -> None:
    """The values are an object, a list and null."""
    for value in (WRONG_TYPE, [1, 2], None):
        if value is None and loads_empty(key):
            continue
        sentences = refusals(tmp_path, f"  booking:{key}: {json.dumps(value)}\n")
        assert len(sentences) == 1, sentences
        assert re.match(rf"booking:{key} must be \S.*, got .+", sentences[0]), sentences


def loads_empty(key: str) -> bool:
    """Return True for keys that accept the string `null`, into which Pulumi turns an empty value."""
    return key in ("costCentre", "sealCopyBucket", "starterRole", "apiIssuer", "apiAudiences", "apiRolesClaim")


@pytest.mark.parametrize("key", NUMBERS)
@pytest.mark.parametrize("spelling", ["true", "12.0", "1_000", "0x20", "' 30'", "many", "''"])
def test_numbers_in_other_notations_are_rejected(tmp_path: Path, key: str, spelling: str) -> None:
    """Other YAML parsers would read them as another number, or as a string."""
    if spelling in ("1_000", "0x20"):
        spelling = f"'{spelling}'"
    [sentence] = refusals(tmp_path, f"  booking:{key}: {spelling}\n")
    assert sentence.startswith(f"booking:{key} must be ")


@pytest.mark.parametrize("key", FLAGS)
@pytest.mark.parametrize("spelling", ["'yes'", "'on'", "1", "'True'", "''"])
def test_booleans_other_than_true_and_false_are_rejected(tmp_path: Path, key: str, spelling: str) -> None:
    """A protection must not depend on how a YAML parser reads a word."""
    [sentence] = refusals(tmp_path, f"  booking:{key}: {spelling}\n")
    assert sentence.startswith(f"booking:{key} must be true or false, got ")


def test_an_invalid_secret_is_rejected_without_showing_it(tmp_path: Path) -> None:
    """The message ends up in logs."""
    [sentence] = refusals(tmp_path, "  booking:alertEmail: hunter2\n", {"booking:alertEmail"})
    assert sentence == "booking:alertEmail must be an address such as team@example.com, or empty, got a secret."


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("bookings:backupDays: 7", "bookings:backupDays is not a configuration key. Did you mean booking:backupDays?"),
        ("booking:backupDay: 7", "booking:backupDay is not a configuration key. Did you mean booking:backupDays?"),
        ("booking:BackupDays: 7", "booking:BackupDays is not a configuration key. Did you mean booking:backupDays?"),
        ("booking:backup_days: 7", "booking:backup_days is not a configuration key. Did you mean booking:backupDays?"),
        ("booking:xyzzy: 7", "booking:xyzzy is not a configuration key."),
        ("booking:name: prod", "booking:name is not a configuration key."),
    ],
)
def test_an_unknown_key_is_rejected(tmp_path: Path, written: str, sentence: str) -> None:
    """The key is in our namespace, or is one of our keys in a misspelled namespace."""
    assert refusals(tmp_path, f"  {written}\n") == [sentence]


def test_keys_in_other_namespaces_are_ignored(tmp_path: Path) -> None:
    """Examples are the keys of a provider."""
    assert load_file(tmp_path, "  aws:region: eu-west-1\n  random:seed: 1\n  booking:backupDays: 7\n").backup_days == 7


def test_all_faults_of_a_file_are_reported_at_once(tmp_path: Path) -> None:
    """Every key has an invalid value, and two keys are unknown: each yields one sentence."""
    wrong = "".join(f"  booking:{key}: {json.dumps(WRONG_TYPE)}\n" for key in KEYS)
    reported = refusals(tmp_path, f"{wrong}  booking:xyzzy: 1\n  bookings:backupDays: 1\n")
    assert sorted(each.split()[0] for each in reported) == sorted(
        [*(f"booking:{key}" for key in KEYS), "booking:xyzzy", "bookings:backupDays"]
    )


def test_every_rule_between_keys_has_an_example_that_breaks_it() -> None:
    """The message of every rule is thus tested."""
    broken = {sentence for _, values in CONTRADICTORY for sentence in _contradictions(values)}
    assert len(broken) >= len(Stage.of("prod", {"alertEmail": "team@example.com"})._rules())


def _contradictions(values: dict[str, str]) -> list[str]:
    with pytest.raises(InvalidStage) as refused:
        load_stage(values)
    return [re.sub(r"got \S+", "", line) for line in str(refused.value).splitlines()[1:]]


# ---- the schema, validated by ajv ----------------------------------------------------------------------------------


def schema_errors(documents: list[Any]) -> list[list[str]]:
    """Return the findings of an independent validator for each document."""
    with npm_judges():  # installs it, or says how
        command = ["node", str(CHECKOUT / "tools" / "judges" / "asl" / "schema.cjs"), str(INSTALLED)]
        request = json.dumps({"schema": json_schema(), "documents": documents})
        done = subprocess.run(command, input=request, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    errors: list[list[str]] = json.loads(done.stdout)
    return errors


def test_the_schema_accepts_every_stage_file_and_notation_that_the_program_accepts() -> None:
    """The notations are those of the repository and of `pulumi config set`, and encrypted values."""
    files = [yaml.safe_load((CHECKOUT / f"Pulumi.{stage}.yaml").read_text()) for stage in STAGES]
    defaults = {f"booking:{key}": FIELDS[key]["default"] for key in KEYS}
    quoted = {key: json.dumps(value) for key, value in defaults.items() if not isinstance(value, str | list | tuple)}
    secret = {key: {"secure": "v1:abc"} for key in defaults}
    documents = [*files, *({"config": each, "encryptionsalt": "v1:x"} for each in (defaults, quoted, secret, {}))]
    assert schema_errors(documents) == [[] for _ in documents]


def test_the_schema_rejects_every_value_and_key_that_the_program_rejects() -> None:
    """Each is tested by itself, quoted and unquoted."""
    wrong = [(key, value) for key, values in INVALID_VALUES.items() for value in [*values, WRONG_TYPE]]
    wrong += [
        (key, int(value)) for key, values in INVALID_VALUES.items() for value in values if re.fullmatch(r"-?\d+", value)
    ]
    lists = {key for key in KEYS if FIELDS[key]["type"] == "array"}
    cases = [(key, json.loads(value) if key in lists and str(value)[:1] == "[" else value) for key, value in wrong]
    cases += [("xyzzy", 1), ("backupDay", 7)]
    found = schema_errors([{"config": {f"booking:{key}": value}} for key, value in cases])
    assert [case for case, errors in zip(cases, found, strict=True) if not errors] == []


@pytest.mark.parametrize(("low", "high"), sorted(set(RANGES)))
def test_quoted_numbers_have_the_same_limits_as_plain_ones(low: int, high: int) -> None:
    """The numbers are at the limits, next to them, and random."""
    pattern, rng = re.compile(integer_pattern(low, high)), random.Random(low * 1_000_003 + high)
    candidates = [
        low - 1,
        low,
        low + 1,
        high - 1,
        high,
        high + 1,
        0,
        *(rng.randrange(3 * high + 10) for _ in range(500)),
    ]
    assert [n for n in candidates if bool(pattern.search(str(n))) != (low <= n <= high)] == []
    assert not pattern.search(f"0{low}")
