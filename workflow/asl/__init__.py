"""Facts of the Amazon States Language and its services, each stated once, and definitions as a tree.

definition        a state machine that keeps every key, and its scopes, states and arrows
fields            the fields of each object, by query language
integrations      the services that a Task may call, and their required arguments
json_values       JSON text and values of any depth
suggestions       the word that was probably meant
"""
