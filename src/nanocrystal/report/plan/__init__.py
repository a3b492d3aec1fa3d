"""What a plan of a measurement says."""
