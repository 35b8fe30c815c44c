"""The annotation vocabulary of component functions, without dependencies."""
