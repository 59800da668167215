"""Where the Pulumi CLI enters when it is given this folder as a package: the same host as `pulumi-resource-booking`."""

from stepbooking.plugin import main

main()
