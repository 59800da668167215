"""The contracts: old module paths stay importable, and each thing that is stored has its own schema number."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from handlers.contracts import messages, metrics, storage
from handlers.domain.answers import ANSWER_SCHEMA

OLD_MODULES = {"handlers.storage_schema": storage, "handlers.metric_names": metrics}


@pytest.mark.parametrize("old", OLD_MODULES)
def test_an_old_module_path_warns_and_has_every_public_name(old: str) -> None:
    """The paths of 0.1 stay importable until 0.3."""
    sys.modules.pop(old, None)
    with pytest.warns(DeprecationWarning, match=f"{old} is now {OLD_MODULES[old].__name__}"):
        module = importlib.import_module(old)
    public = [name for name in vars(OLD_MODULES[old]) if not name.startswith("_")]
    assert "order_key" in public or "NAMESPACE" in public
    assert all(getattr(module, name) is getattr(OLD_MODULES[old], name) for name in public)


def test_the_old_name_of_the_item_schema_is_importable() -> None:
    """`SCHEMA` was one number for everything that is stored."""
    sys.modules.pop("handlers.storage_schema", None)
    with pytest.warns(DeprecationWarning, match="is now"):
        assert importlib.import_module("handlers.storage_schema").SCHEMA == storage.ITEM_SCHEMA


def test_a_message_imported_from_the_package_warns_and_is_the_same_class() -> None:
    """The names of 0.1 stay importable until 0.3."""
    contracts = importlib.import_module("handlers.contracts")
    with pytest.warns(DeprecationWarning, match=r"import RefundRequest from handlers\.contracts\.messages"):
        assert contracts.RefundRequest is messages.RefundRequest


@pytest.mark.parametrize("name", ["Nonsense", "_RequestModel", "__path_of_old__"])
def test_an_unknown_contract_name_raises_attribute_error(name: str) -> None:
    """Looking a name up is not a reason to import anything else."""
    contracts = importlib.import_module("handlers.contracts")
    with pytest.raises(AttributeError, match=f"'handlers.contracts' has no attribute '{name}'"):
        getattr(contracts, name)


def test_reading_the_storage_contract_does_not_import_pydantic() -> None:
    """Components read these contracts; pydantic costs them a third of a second."""
    code = "import sys, handlers.contracts.storage, handlers.contracts.metrics; print('pydantic' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "False\n"


def test_answers_and_messages_have_the_same_schema_number() -> None:
    """The domain imports no contract, so the number is stated in both."""
    assert ANSWER_SCHEMA == messages.MESSAGE_SCHEMA
