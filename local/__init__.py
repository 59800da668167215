"""The embedded AWS: start it, deploy a Pulumi program into it, and test against it.

No code that runs in Lambda imports it.
"""
