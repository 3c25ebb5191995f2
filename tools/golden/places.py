"""Numbers that golden scripts and tests make alike, so that golden files need not hold them."""

import torch


def hashed(count, k):
    """Numbers from -0.5 to 0.5 from their places and the number of the list."""
    x = (torch.arange(count, dtype=torch.int64) * 2654435761 + k * 40503 + 12345) % 2**32
    x = x ^ (x >> 16)
    x = (x * 40503 + 977) % 2**32
    x = x ^ (x >> 13)
    return ((x % 2**24).double() / 2**24 - 0.5).float()
