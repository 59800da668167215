"""The embedded AWS: start it, deploy a Pulumi program into it, test against it. Nothing that ships imports this."""
