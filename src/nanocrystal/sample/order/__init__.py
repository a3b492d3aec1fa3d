"""How the blocks of a crystal stand to each other: perfect, with boundaries, as random layers."""
