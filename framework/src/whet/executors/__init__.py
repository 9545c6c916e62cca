"""The executors that come with Whet: where steps run."""
