"""Running: steps, the store that keeps their results, the label store of labels, workers and the runner."""
