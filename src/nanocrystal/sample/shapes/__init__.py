"""What shape crystals have and how their sizes are spread: what a body is, covers, meets and scatters."""
