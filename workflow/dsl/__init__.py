"""The language of workflows: classes with states and arrows, and expressions of their data.

workflow_class          the class, checked when it is made
states/                 the states and arrows that stand in it
value_expressions, functions  values that are computed when the workflow runs; payload_schema knows their types
references, bindings    sources of data, and names that a deployment binds
compiler/               from a class to a definition: graph, joins, scoping, then capture and emit
backends/               JSONata and JSONPath
"""
