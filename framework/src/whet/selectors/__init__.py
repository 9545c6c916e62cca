"""The built-in selectors, one file each: which of the sampled frames are worth a label."""
