"""Entry point for a Pulumi CLI that uses this folder as a package; the same host as `pulumi-resource-booking`."""

from stepbooking.plugin import main

main()
