"""What explicit atoms scatter."""
