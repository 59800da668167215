"""The workflow language: classes with states and transitions, and expressions over their data.

workflow_class          the `Workflow` base class, which checks a workflow when its class is created
states/                 the states, and the transitions between them
value_expressions, functions  values that are computed when the workflow runs; payload_schema knows their types
references, bindings    sources of data, and names that a deployment binds
compiler/               from a class to a definition: graph, joins, scoping, then capture and emit
backends/               JSONata and JSONPath
"""
