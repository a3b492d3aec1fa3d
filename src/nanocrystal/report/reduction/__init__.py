"""What a reduction says."""
