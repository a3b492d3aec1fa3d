"""What a series says."""
