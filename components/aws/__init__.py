"""Building blocks of the components, one module per AWS service: no promise is made to other programs about them."""
