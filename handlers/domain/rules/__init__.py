"""The rules by which a request, the gateway or a person changes an order that exists, one module for each kind."""
