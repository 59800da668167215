"""The language in which workflows are written: classes with states and arrows, and expressions of their data.

workflow_class    the class, its graph built when it is made
states, basic_states, nested_states, tasks    what can stand in it
expressions, functions, shapes    what can be said of data, by their types
graph, places, lowering    from the class to a definition
dialects    JSONata and JSONPath, written
"""
