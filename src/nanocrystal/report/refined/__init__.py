"""What a refinement says."""
