"""Crystals atom by atom, for pictures, export and tests."""
