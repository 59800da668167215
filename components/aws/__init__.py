"""Building blocks of the components, one module per AWS service. They are not public."""
