"""The `booking` command: the same verbs against the embedded AWS and a deployed stack."""
