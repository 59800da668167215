"""Facts about the Amazon States Language and its services, each stated once, and definitions as trees.

definition        a lossless state machine definition, with its scopes, states and transitions
fields            the fields of each object, by query language
integrations      the services that a Task may call, and their required arguments
json_values       JSON text and values of any depth
suggestions       suggestions for misspelled words
"""
