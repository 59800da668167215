"""A stateful double of Stripe's API: the payment flow with money, time, faults and webhooks, all scripted by the test.

    card_behaviours   the payment methods, and how charges and refunds under each behave
    wire_objects      the objects of the API on the wire
    books             the stored objects, the clock, the schedule and the events
    payments          the life of a payment intent and its charge
    returns           the life of a refund and of a dispute
    idempotency       saved replies by idempotency key
    fault_plan        faults at chosen HTTP calls
    double            the API: authentication, idempotency, faults and routing around the endpoints
    endpoints         one function per endpoint
    webhook_delivery  signatures, and deliveries that are delayed, repeated, reordered or lost
    pool              the double behind the interface of a urllib3 pool, without sockets
    loopback_server   the double behind HTTP on loopback
    customer_page     the bank's page of 3-D Secure
    __main__          the double as a process beside an embedded AWS, which delivers its webhooks by itself

Sources: docs.stripe.com/api, /payments/paymentintents/lifecycle, /refunds, /disputes, /webhooks, and the OpenAPI
document in stripe-mock, with which `tests/contract/test_stripe_judges.py` compares every answer.
"""
