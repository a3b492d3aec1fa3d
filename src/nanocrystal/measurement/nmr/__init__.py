"""What techniques of nuclear magnetic resonance share: their points, the shapes of lines, lines over an axis."""
