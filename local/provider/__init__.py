"""A Pulumi provider for the embedded AWS: one class per resource type, driven in process or by the real engine.

Drivers call `provider.Provider`; `resource.Resource` is the base of the resource types; `resources/` has one module per
AWS service; `docs/reference/fidelity.md` lists what is supported.
"""
