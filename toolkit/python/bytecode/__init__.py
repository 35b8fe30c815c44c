"""Bytecode of wheels, compiled by the base's own interpreter: what a container then need not do at every start."""
