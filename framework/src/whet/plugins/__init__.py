"""Finding plugins and the backends that they offer; one that is broken is listed with its reason and stops nothing."""
