"""What Whet's plugins of torch potentials share. Importing these modules does not import torch."""
