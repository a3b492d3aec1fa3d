"""Pairs of atoms: sums over lattices, put together by kinds."""
