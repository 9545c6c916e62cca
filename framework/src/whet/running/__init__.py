"""Running: steps, the store that keeps their results, the label store, workers and the runner."""
