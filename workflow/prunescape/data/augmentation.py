"""Random crops and mirroring of whole batches, and the central crop for validation."""

import torch


def augment(
    images: torch.Tensor,
    offsets_y: torch.Tensor,
    offsets_x: torch.Tensor,
    flips: torch.Tensor | None,
    crop: int,
    index: torch.Tensor | None = None,
) -> torch.Tensor:
    """Cut one square out of each image, and mirror some of the squares, without a loop over images.

    Args:
        images: already padded, N,C,H,W.
        offsets_y, offsets_x: int64, B; row and column of each square's upper left corner.
        flips: bool, B; whether to mirror a square left to right. None mirrors none.
        crop: side of the squares, in pixels.
        index: int64, B; the image that each square is cut from. None takes all images in their order.

    Returns:
        B,C,crop,crop, of the images' dtype.
    """
    if index is None:
        index = torch.arange(len(images), device=images.device)
    # Every possible square as a view, so that a single gather copies whole rows of just the wanted ones.
    squares = images.unfold(2, crop, 1).unfold(3, crop, 1)[index, :, offsets_y, offsets_x]
    return squares if flips is None else torch.where(flips[:, None, None, None], squares.flip(3), squares)


def centre_crop(images: torch.Tensor, crop: int) -> torch.Tensor:
    """The middle of images N,C,H,W as a view N,C,crop,crop; an odd rest is split as torchvision does."""
    top, left = (round((side - crop) / 2) for side in images.shape[2:])
    return images[:, :, top : top + crop, left : left + crop]
