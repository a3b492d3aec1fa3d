"""What candidates side by side say."""
