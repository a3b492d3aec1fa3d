"""What tests share: samples, files, other ways to the same numbers. Tests import from here, never from a test."""
