"""Labels that were paid for: the shelf, what computes them for it, what comes in and what goes out."""
