"""Pages for people: the report in one file, and the console that serves the same pages live.

deployment      the deployed program that pages are read from
order_pages     an order with its ledger, audit objects and executions;  audit_pages    days, seals, trust
trace           an execution, state by state;  execution_history, function_logs   read one from AWS
rendering       templates, style and filters;  timeline, charts         inline SVG
server          the live console: application, request guard, pages, forms
"""
