"""What Whet's plugins of torch potentials share. Importing these modules does not import torch."""

from whet_torch.isolation import untouched

__all__ = ["untouched"]
