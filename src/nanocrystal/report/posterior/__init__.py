"""What a sampled posterior says."""
