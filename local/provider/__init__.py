"""A Pulumi provider for the embedded AWS: one class per resource type, driven in process or by the real engine.

`provider.Provider` is what a driver talks to; `resource.Resource` is what a resource type is; `resources/` has one
module per AWS service; `docs/reference/fidelity.md` lists what is supported.
"""
