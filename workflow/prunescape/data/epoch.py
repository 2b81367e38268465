"""The batches of an epoch: their number and sizes. Light: read while the Snakefile is parsed, so no torch here."""


def images_used(images: int, batch_size: int, drop_last: bool) -> int:
    """Number of images that the batches of an epoch hold together.

    Args:
        images: of the split.
        batch_size: images a batch.
        drop_last: whether a last, incomplete batch is left out, if there is a full one.
    """
    full = images // batch_size * batch_size
    return full if drop_last and full else images


def steps_an_epoch(images: int, batch_size: int, drop_last: bool) -> int:
    """Number of batches of an epoch; see `images_used`."""
    return -(-images_used(images, batch_size, drop_last) // batch_size)


def sizes_of_batches(images: int, batch_size: int, drop_last: bool) -> list[int]:
    """Numbers of images of an epoch's batches, one or two, the larger first; see `images_used`."""
    used = images_used(images, batch_size, drop_last)
    return sorted({min(batch_size, used), used % batch_size} - {0}, reverse=True)
