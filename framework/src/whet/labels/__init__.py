"""Labels that were paid for: the label store, what computes them for it, what comes in and what goes out."""
