"""Raw counts to corrected curves."""
