"""33 mistakes in a first workflow, by an author who had not read the rest of the suite.

Each function makes one mistake and returns the class that has it; `expect_finders` names the finders: `import` (the
class cannot be created), `mypy`, `pyright` (both strict), or `check` (a finding about the definition).

Longer than 250 lines so that one run of each type checker sees every mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from workflow import (
    ALL,
    END,
    Choice,
    Fail,
    Function,
    Invoke,
    Map,
    Pass,
    Retry,
    Succeed,
    Wait,
    Workflow,
    caught,
    input_of,
    made,
    output_of,
    result_of,
    variable,
)
from workflow.error_names import TIMEOUT

Finder = Literal["import", "mypy", "pyright", "check"]
Mistake = Callable[[], type[Workflow[Any, Any]]]

MISTAKES: Final[dict[str, tuple[Mistake, frozenset[Finder]]]] = {}


def expect_finders(*finders: Finder) -> Callable[[Mistake], Mistake]:
    """Register a mistake with its expected finders."""

    def register(mistake: Mistake) -> Mistake:
        MISTAKES[mistake.__name__] = (mistake, frozenset(finders))
        return mistake

    return register


@dataclass
class ShopLine:
    """One line of an order."""

    sku: str
    amount: int


@dataclass
class ShopOrder:
    """The input of the workflows."""

    id: str
    kind: Literal["normal", "express"]
    amount: int
    lines: list[ShopLine]
    note: str | None = None


@dataclass
class Receipt:
    """The result of a charge."""

    number: str
    paid: int


charge_fn: Final = Function("charge", ShopOrder, Receipt)
ship_fn: Final = Function("ship", Receipt, str)
count_fn: Final = Function("count", ShopLine, int)


@expect_finders("import", "mypy", "pyright")
def misspelled_field() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        order = input_of(ShopOrder)
        route = Choice(order)
        charge = Invoke(charge_fn)
        refused = Fail("TooMuch")
        start = route
        flow = (route.when(order.ammount > 100) >> refused, route.otherwise >> charge >> END)

    return W


@expect_finders("import", "mypy", "pyright")
def steps_in_the_wrong_order() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        charge = Invoke(charge_fn)
        again = Invoke(charge_fn)
        start = charge
        flow = (charge >> again >> END,)

    return W


@expect_finders("import")
def no_start() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        charge = Invoke(charge_fn)
        flow = (charge >> END,)

    return W


@expect_finders("import")
def state_without_an_arrow() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        charge = Invoke(charge_fn)
        ship = Invoke(ship_fn)
        start = charge
        flow = (charge >> END,)

    return W


@expect_finders("import")
def last_state_without_end() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, str]):
        charge = Invoke(charge_fn)
        ship = Invoke(ship_fn)
        start = charge
        flow = (charge >> ship,)

    return W


@expect_finders("import")
def two_ways_out_of_a_task() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, str]):
        charge = Invoke(charge_fn)
        ship = Invoke(ship_fn)
        ship_more = Invoke(ship_fn)
        start = charge
        flow = (charge >> ship >> END, charge >> ship_more >> END)

    return W


@expect_finders("import", "mypy", "pyright")
def arrow_after_succeed() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, str]):
        charge = Invoke(charge_fn)
        done = Succeed()
        ship = Invoke(ship_fn)
        start = charge
        flow = (charge >> done >> ship >> END,)

    return W


@expect_finders("import")
def arrow_from_a_choice_without_a_condition() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        route = Choice(input_of(ShopOrder))
        charge = Invoke(charge_fn)
        start = route
        flow = (route >> charge >> END,)

    return W


@expect_finders("import")
def python_and() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        order = input_of(ShopOrder)
        route = Choice(order)
        charge = Invoke(charge_fn)
        refused = Fail("Express")
        start = route
        flow = (
            route.when(order.kind == "express" and order.amount > 100) >> refused,
            route.otherwise >> charge >> END,
        )

    return W


@expect_finders("import")
def python_in() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        order = input_of(ShopOrder)
        route = Choice(order)
        charge = Invoke(charge_fn)
        refused = Fail("Unknown")
        start = route
        flow = (route.when(order.id in ("a", "b")) >> refused, route.otherwise >> charge >> END)

    return W


@expect_finders("import")
def python_is_none() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        order = input_of(ShopOrder)
        route = Choice(order)
        charge = Invoke(charge_fn)
        refused = Fail("NoNote")
        start = route
        flow = (route.when(order.note is None) >> refused, route.otherwise >> charge >> END)

    return W


@expect_finders("import", "mypy", "pyright")
def number_compared_with_a_string() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        order = input_of(ShopOrder)
        route = Choice(order)
        charge = Invoke(charge_fn)
        refused = Fail("TooMuch")
        start = route
        flow = (route.when(order.amount == "100") >> refused, route.otherwise >> charge >> END)

    return W


@expect_finders("import", "mypy", "pyright")
def value_that_the_field_never_has() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        order = input_of(ShopOrder)
        route = Choice(order)
        charge = Invoke(charge_fn)
        refused = Fail("Express")
        start = route
        flow = (route.when(order.kind == "expres") >> refused, route.otherwise >> charge >> END)

    return W


@expect_finders("import")
def choice_without_otherwise() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        order = input_of(ShopOrder)
        route = Choice(order)
        charge = Invoke(charge_fn)
        start = route
        flow = (route.when(order.amount > 0) >> charge >> END,)

    return W


@expect_finders("import", "mypy", "pyright")
def choice_in_mid_flow_about_something_else() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, str]):
        order = input_of(ShopOrder)
        charge = Invoke(charge_fn)
        route = Choice(order)
        ship = Invoke(ship_fn)
        done = Pass("nothing to ship")
        start = charge
        flow = (
            charge >> route,
            route.when(order.kind == "express") >> ship >> END,
            route.otherwise >> done >> END,
        )

    return W


@expect_finders("import")
def f_string() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, str]):
        order = input_of(ShopOrder)
        report = Pass(f"order {order.id}")
        start = report
        flow = (report >> END,)

    return W


@expect_finders("import")
def method_of_str() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, str]):
        order = input_of(ShopOrder)
        report = Pass(order.id.upper())
        start = report
        flow = (report >> END,)

    return W


@expect_finders("import", "mypy", "pyright")
def output_of_another_type() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        charge = Invoke(charge_fn)
        ship = Invoke(ship_fn)
        start = charge
        flow = (charge >> ship >> END,)

    return W


@expect_finders("import")
def variable_assigned_on_one_path_only() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, str]):
        receipt = variable(Receipt)
        charge = Invoke(charge_fn).assign(receipt, result_of(charge_fn))
        ship = Invoke(ship_fn)
        report = Pass(receipt.number)
        start = charge
        flow = (charge >> ship >> END, charge.catch(ALL) >> report >> END)

    return W


@expect_finders("import")
def variable_without_a_value() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, str]):
        receipt = variable(Receipt)
        charge = Invoke(charge_fn)
        report = Pass(receipt.number)
        start = charge
        flow = (charge >> report >> END,)

    return W


@expect_finders("import")
def variable_of_another_type() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        number = variable(str)
        charge = Invoke(charge_fn).assign(number, result_of(charge_fn).paid)
        start = charge
        flow = (charge >> END,)

    return W


@expect_finders("import")
def state_shared_by_two_workflows() -> type[Workflow[Any, Any]]:
    shared = Invoke(charge_fn)

    class First(Workflow[ShopOrder, Receipt]):
        charge = shared
        start = charge
        flow = (charge >> END,)

    class W(Workflow[ShopOrder, Receipt]):
        charge = shared
        start = charge
        flow = (charge >> END,)

    return W if First.asl() else First


@expect_finders("import", "mypy")
def one_name_for_two_states() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, str]):
        work = Invoke(charge_fn)
        start = work
        work = Invoke(ship_fn)  # noqa: PIE794  # the mistake
        flow = (start >> work >> END,)

    return W


@expect_finders("import", "mypy", "pyright")
def seconds_as_a_number_in_a_retry() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        charge = Invoke(charge_fn, retry=Retry(interval=5))
        start = charge
        flow = (charge >> END,)

    return W


@expect_finders("import", "mypy", "pyright")
def one_error_instead_of_a_tuple() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        charge = Invoke(charge_fn, retry=Retry(on=TIMEOUT))
        start = charge
        flow = (charge >> END,)

    return W


@expect_finders("check")
def misspelled_error_name() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        charge = Invoke(charge_fn)
        failed = Fail("Slow")
        start = charge
        flow = (charge >> END, charge.catch("States.Timout") >> failed)

    return W


@expect_finders("import")
def catch_that_comes_too_late() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        charge = Invoke(charge_fn)
        failed = Fail("Failed")
        slow = Fail("Slow")
        start = charge
        flow = (charge >> END, charge.catch(ALL) >> failed, charge.catch(TIMEOUT) >> slow)

    return W


@expect_finders("import", "mypy", "pyright")
def catch_of_a_state_that_cannot_fail() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        pause = Wait(timedelta(seconds=5), passes=ShopOrder)
        charge = Invoke(charge_fn)
        failed = Fail("Failed")
        start = pause
        flow = (pause >> charge >> END, pause.catch(ALL) >> failed)

    return W


@expect_finders("import", "mypy", "pyright")
def misspelled_option() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, Receipt]):
        charge = Invoke(charge_fn, retries=Retry())
        start = charge
        flow = (charge >> END,)

    return W


@expect_finders("import", "mypy", "pyright")
def field_left_out_of_a_payload() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, str]):
        order = input_of(ShopOrder)
        ship = Invoke(ship_fn, made(Receipt)(number=order.id))
        start = ship
        flow = (ship >> END,)

    return W


@expect_finders("import", "mypy", "pyright")
def map_over_an_object() -> type[Workflow[Any, Any]]:
    class Each(Workflow[ShopLine, int]):
        count = Invoke(count_fn)
        start = count
        flow = (count >> END,)

    class W(Workflow[ShopOrder, list[int]]):
        counts = Map(input_of(ShopOrder), Each)
        start = counts
        flow = (counts >> END,)

    return W


@expect_finders("import")
def error_without_a_catch() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, str]):
        charge = Invoke(charge_fn)
        report = Pass(caught().Cause)
        start = charge
        flow = (charge >> report >> END,)

    return W


@expect_finders("import")
def output_of_a_state_that_may_not_have_run() -> type[Workflow[Any, Any]]:
    class W(Workflow[ShopOrder, str]):
        order = input_of(ShopOrder)
        route = Choice(order)
        charge = Invoke(charge_fn)
        report = Pass(output_of(charge).number)
        start = route
        flow = (route.when(order.amount > 0) >> charge >> report >> END, route.otherwise >> report)

    return W
