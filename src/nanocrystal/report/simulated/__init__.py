"""What a simulation says: calculated curves, and the values that they were calculated at."""
