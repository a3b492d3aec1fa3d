"""What a processed NMR spectrum says."""
