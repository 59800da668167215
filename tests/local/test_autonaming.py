"""The in-process driver reads `pulumi:autonaming` as the engine does."""

import json
import re

import pytest

from local.drivers.autonaming import Autonaming
from local.errors import DeploymentFailed
from local.provider.resource import NameProposal

QUEUE, TOPIC = "aws:sqs/queue:Queue", "aws:sns/topic:Topic"


def propose(setting: object, token: str = QUEUE) -> NameProposal:
    return Autonaming(json.dumps(setting), "shop", "dev").propose(token, "orders")


def test_without_a_setting_the_rule_of_the_type_applies() -> None:
    assert Autonaming(None, "shop", "dev").propose(QUEUE, "orders") == NameProposal()
    assert propose({"mode": "default"}) == NameProposal()


def test_placeholders_of_a_pattern_are_expanded() -> None:
    name = propose({"pattern": "${project}-${stack}-${name}-${hex(7)}${num(2)}"}).name
    assert re.fullmatch(r"shop-dev-orders-[0-9a-f]{7}[0-9]{2}", name or "")


def test_modes_and_enforcement_are_passed_on() -> None:
    assert propose({"mode": "verbatim"}) == NameProposal(name="orders")
    assert propose({"mode": "disabled"}) == NameProposal(disabled=True)
    assert propose({"pattern": "x-${name}", "enforce": True}) == NameProposal(name="x-orders", enforced=True)


def test_the_most_specific_pattern_applies() -> None:
    setting = {
        "pattern": "all-${name}",
        "providers": {"aws": {"pattern": "aws-${name}", "resources": {TOPIC: {"mode": "verbatim"}}}},
    }
    assert [propose(setting, token).name for token in (TOPIC, QUEUE, "random:index:Id")] == [
        "orders",
        "aws-orders",
        "all-orders",
    ]


def test_an_unknown_mode_or_placeholder_is_rejected() -> None:
    with pytest.raises(DeploymentFailed, match="mode must be one of default, verbatim, disabled, got 'odd'"):
        propose({"mode": "odd"})
    with pytest.raises(DeploymentFailed, match=r"unknown placeholder \$\{odd\}"):
        propose({"pattern": "${odd}"})
