"""What the science is made of: frames, labels, theories, files, and the errors about them. Knows no plugin."""

from whet.data import units as units
