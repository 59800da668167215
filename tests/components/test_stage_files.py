"""A stage file as people write it: what the program refuses, and that an editor with our schema refuses the same."""

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
from tests.components.test_stage import CONTRADICTORY, KEYS, WRONG, of
from tests.workflow.asl_judges import INSTALLED, npm_judges

NO_TEXT = {"a": 1}
"""Of no key's type."""
FIELDS: dict[str, Any] = Stage.model_json_schema(by_alias=True)["properties"]
NUMBERS = [key for key in KEYS if FIELDS[key]["type"] == "integer"]
FLAGS = [key for key in KEYS if FIELDS[key]["type"] == "boolean"]
RANGES = [(FIELDS[key]["minimum"], FIELDS[key]["maximum"]) for key in NUMBERS if "minimum" in FIELDS[key]]


def load(folder: Path, written: str, secrets: set[str] | None = None) -> Stage:
    """The stage that a program sees whose `Pulumi.dev.yaml` has this as its configuration."""
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
    """The sentences with which it is refused."""
    with pytest.raises(InvalidStage) as refused:
        load(folder, written, secrets)
    return [line.strip() for line in str(refused.value).splitlines()[1:]]


@pytest.mark.parametrize("key", KEYS)
def test_a_value_of_another_type_is_refused_in_one_sentence(tmp_path: Path, key: str) -> None:
    """An object, a list and nothing at all, in each key's place."""
    for value in (NO_TEXT, [1, 2], None):
        if value is None and loads_empty(key):
            continue
        sentences = refusals(tmp_path, f"  booking:{key}: {json.dumps(value)}\n")
        assert len(sentences) == 1, sentences
        assert re.match(rf"booking:{key} must be \S.*, got .+", sentences[0]), sentences


def loads_empty(key: str) -> bool:
    """Nothing is text `null` on its way through Pulumi, which is a name like another for these."""
    return key in ("costCentre", "sealCopyBucket", "starterRole", "apiIssuer", "apiAudiences", "apiRolesClaim")


@pytest.mark.parametrize("key", NUMBERS)
@pytest.mark.parametrize("spelling", ["true", "12.0", "1_000", "0x20", "' 30'", "many", "''"])
def test_a_number_is_spelled_like_one(tmp_path: Path, key: str, spelling: str) -> None:
    """Numbers that another YAML reader would take for another number, or for a string."""
    if spelling in ("1_000", "0x20"):
        spelling = f"'{spelling}'"
    [sentence] = refusals(tmp_path, f"  booking:{key}: {spelling}\n")
    assert sentence.startswith(f"booking:{key} must be ")


@pytest.mark.parametrize("key", FLAGS)
@pytest.mark.parametrize("spelling", ["'yes'", "'on'", "1", "'True'", "''"])
def test_a_truth_value_is_true_or_false(tmp_path: Path, key: str, spelling: str) -> None:
    """A protection must not depend on how a reader takes a word."""
    [sentence] = refusals(tmp_path, f"  booking:{key}: {spelling}\n")
    assert sentence.startswith(f"booking:{key} must be true or false, got ")


def test_a_secret_that_is_wrong_is_refused_and_not_shown(tmp_path: Path) -> None:
    """A refusal ends up in logs."""
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
def test_a_key_that_is_none_of_ours_is_no_silent_default(tmp_path: Path, written: str, sentence: str) -> None:
    """In our namespace, or one of ours in another's."""
    assert refusals(tmp_path, f"  {written}\n") == [sentence]


def test_keys_of_others_are_left_to_them(tmp_path: Path) -> None:
    """Those of a provider, and of another program's namespace."""
    assert load(tmp_path, "  aws:region: eu-west-1\n  random:seed: 1\n  booking:backupDays: 7\n").backup_days == 7


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    """One wrong value for every key, a misspelled one and a misplaced one: as many sentences."""
    wrong = "".join(f"  booking:{key}: {json.dumps(NO_TEXT)}\n" for key in KEYS)
    told = refusals(tmp_path, f"{wrong}  booking:xyzzy: 1\n  bookings:backupDays: 1\n")
    assert sorted(each.split()[0] for each in told) == sorted(
        [*(f"booking:{key}" for key in KEYS), "booking:xyzzy", "bookings:backupDays"]
    )


def test_each_rule_between_keys_is_broken_by_an_example() -> None:
    """So no rule is without a sentence that somebody has read."""
    broken = {sentence for _, values in CONTRADICTORY for sentence in _contradictions(values)}
    assert len(broken) >= len(Stage.of("prod", {"alertEmail": "team@example.com"})._rules())


def _contradictions(values: dict[str, str]) -> list[str]:
    with pytest.raises(InvalidStage) as refused:
        of(values)
    return [re.sub(r"got \S+", "", line) for line in str(refused.value).splitlines()[1:]]


# ---- the schema, judged by ajv ------------------------------------------------------------------------------------


def against(documents: list[Any]) -> list[list[str]]:
    """Return the findings of an independent validator for each document."""
    with npm_judges():  # installs it, or says how
        command = ["node", str(CHECKOUT / "tools" / "judges" / "asl" / "schema.cjs"), str(INSTALLED)]
        asked = json.dumps({"schema": json_schema(), "documents": documents})
        done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: list[list[str]] = json.loads(done.stdout)
    return told


def test_the_schema_takes_every_stage_file_and_every_spelling_that_the_program_takes() -> None:
    """As it is in the repository, as `pulumi config set` writes it, and encrypted."""
    files = [yaml.safe_load((CHECKOUT / f"Pulumi.{stage}.yaml").read_text()) for stage in STAGES]
    defaults = {f"booking:{key}": FIELDS[key]["default"] for key in KEYS}
    quoted = {key: json.dumps(value) for key, value in defaults.items() if not isinstance(value, str | list | tuple)}
    secret = {key: {"secure": "v1:abc"} for key in defaults}
    documents = [*files, *({"config": each, "encryptionsalt": "v1:x"} for each in (defaults, quoted, secret, {}))]
    assert against(documents) == [[] for _ in documents]


def test_the_schema_refuses_every_wrong_value_and_key_that_the_program_refuses() -> None:
    """Each by itself, quoted and not."""
    wrong = [(key, value) for key, values in WRONG.items() for value in [*values, NO_TEXT]]
    wrong += [(key, int(value)) for key, values in WRONG.items() for value in values if re.fullmatch(r"-?\d+", value)]
    lists = {key for key in KEYS if FIELDS[key]["type"] == "array"}
    spelled = [(key, json.loads(value) if key in lists and str(value)[:1] == "[" else value) for key, value in wrong]
    spelled += [("xyzzy", 1), ("backupDay", 7)]
    found = against([{"config": {f"booking:{key}": value}} for key, value in spelled])
    assert [case for case, errors in zip(spelled, found, strict=True) if not errors] == []


@pytest.mark.parametrize(("low", "high"), sorted(set(RANGES)))
def test_a_quoted_number_has_the_same_limits(low: int, high: int) -> None:
    """At its limits, beside them, and anywhere."""
    pattern, chance = re.compile(integer_pattern(low, high)), random.Random(low * 1_000_003 + high)
    tried = [low - 1, low, low + 1, high - 1, high, high + 1, 0, *(chance.randrange(3 * high + 10) for _ in range(500))]
    assert [n for n in tried if bool(pattern.search(str(n))) != (low <= n <= high)] == []
    assert not pattern.search(f"0{low}")
