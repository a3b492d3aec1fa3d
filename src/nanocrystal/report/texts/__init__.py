"""Texts that are written for a user to go on with."""
