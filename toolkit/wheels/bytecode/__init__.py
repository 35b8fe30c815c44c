"""Bytecode of wheels, compiled by the base's own interpreter, so that containers need not compile at every start."""
