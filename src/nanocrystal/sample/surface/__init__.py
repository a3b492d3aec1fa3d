"""What differs at the surface: shell, coating, outermost layer, and what depends on size."""
