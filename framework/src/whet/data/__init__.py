"""What the science is made of: frames, labels, theories, files, and the errors about them. Knows no plugin."""
