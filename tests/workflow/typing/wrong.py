"""What both type checkers must refuse: every line that is marked, and no other."""

# ruff: noqa: B018
from handlers.contracts import BookingRequest, BookingResult, PurchaseRequest
from workflow import ALL, Choice, Invoke, input_of, output_of, variable
from workflow.booking import purchase_fn, record_fn, refund_fn

request = input_of(BookingRequest)
route = Choice(request)
purchase = Invoke(purchase_fn)
refund = Invoke(refund_fn)
record = Invoke(record_fn)
route.case(PurchaseRequest) >> refund  # wrong
purchase >> refund  # wrong
purchase.catch(ALL) >> purchase  # wrong
route.when(request.action == "purchase") >> purchase  # wrong
request.acton  # wrong
output_of(purchase).staus  # wrong
route.equals("x")  # wrong
variable(BookingResult, name="x") >> record  # wrong
