"""What pages look like: all HTML, style and script."""
