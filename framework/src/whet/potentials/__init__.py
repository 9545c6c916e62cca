"""Potentials that the core offers itself: those that join others. They come through the hook that everybody uses."""
