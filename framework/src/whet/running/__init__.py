"""Running: steps, the store that keeps their results, the shelf of labels, workers and the runner."""
