"""Damaged and hostile inputs for every reader, and what comes of them."""
