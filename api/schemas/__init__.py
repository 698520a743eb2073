"""What goes over the wire, one module per noun. Times are UTC with offset; positions WGS-84 degrees."""
