"""The atoms of one crystal."""
