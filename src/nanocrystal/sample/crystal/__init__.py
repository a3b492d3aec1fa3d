"""The crystal itself: cells, sites, symmetry, settings, what is mixed on a site, clusters of atoms, reflections."""
