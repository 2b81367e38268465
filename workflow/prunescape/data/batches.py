"""Batches of prepared images, augmented and normalised on the device."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from prunescape.data.augmentation import augment, centre_crop
from prunescape.data.epoch import images_used, sizes_of_batches, steps_an_epoch
from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed

LARGEST_ON_CPU = 1 << 30  # bytes; beyond it the page cache serves as well, and all jobs of a machine share it
READERS = 4  # threads that read ahead from a memory map
AHEAD = 4  # batches read ahead


class Pick(NamedTuple):
    """The images of a batch: a few small tensors on the device, or the pixels themselves where they are streamed.

    Attributes:
        chosen: int64, B; the images' places in the split.
        rows, columns: int64, B; upper left corner of each square, None for the centre.
        flips: bool, B; which squares are mirrored, None for none.
        images: uint8, B,C,H,W, streamed and ready to be cut; None takes those that live on the device.
    """

    chosen: torch.Tensor
    rows: torch.Tensor | None
    columns: torch.Tensor | None
    flips: torch.Tensor | None
    images: torch.Tensor | None = None

    def resized(self, size: int) -> "Pick":
        """A pick of so many images in memory of its own: the first ones, or all of them again and again."""
        places = torch.arange(size, device=self.chosen.device) % len(self.chosen)
        chosen, *others = (None if tensor is None else tensor[places] for tensor in self)
        assert chosen is not None
        return Pick(chosen, *others)

    def copy(self, other: "Pick") -> None:
        """Copy another pick of the same shapes into this one, in place."""
        for mine, theirs in zip(self, other, strict=True):
            if mine is not None and theirs is not None:
                mine.copy_(theirs)


class Batches:
    """A split of a data set as batches on a device.

    Pixels stay on the device as uint8 where they fit, zero-padded once; else the memory map is read some
    batches ahead. Either way the same numbers come out.
    """

    def __init__(
        self,
        data: PreparedData,
        split: str,
        device: str | torch.device,
        batch_size: int,
        seed_order: int | None = None,
        seed_augment: int | None = None,
        *,
        dtype: torch.dtype = torch.float32,
        drop_last: bool = False,
        channels_last: bool | None = None,
        resident_bytes: int | None = None,
    ) -> None:
        """Open a split.

        Args:
            data: the prepared data set.
            split: "train" or "validation".
            device: where batches are wanted.
            batch_size: images a batch.
            seed_order: decides the order in each epoch; None keeps the stored order.
            seed_augment: decides crops and mirroring in each epoch; None takes the central crop.
            dtype: of the images of a batch.
            drop_last: whether to leave out a last, incomplete batch if there is a full one.
            channels_last: the images' memory layout; None chooses it on a CPU, where convolutions prefer it.
            resident_bytes: most bytes kept on the device. None: half of a GPU's free memory, 1 GiB on a CPU.
        """
        self.data, self.device, self.batch_size = data, torch.device(device), batch_size
        self.seed_order, self.seed_augment = seed_order, seed_augment
        self.drop_last = drop_last
        if channels_last is None:
            channels_last = self.device.type == "cpu"
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self.dtype = dtype
        # Half precision would round the pixels before they are normalised.
        self._exact = dtype if dtype == torch.float64 else torch.float32
        mean = torch.tensor(data.mean, dtype=torch.float64).view(1, -1, 1, 1)
        std = torch.tensor(data.std, dtype=torch.float64).view(1, -1, 1, 1)
        self._scale = (1 / (255 * std)).to(self.device, self._exact)
        self._shift = (-mean / std).to(self.device, self._exact)
        self.labels = torch.from_numpy(np.array(data.labels(split))).to(self.device)
        self._stored = np.asarray(data.images(split))
        self._resident = self._load(resident_bytes)

    @property
    def streams(self) -> bool:
        """Whether images are read from disk, because they do not fit on the device."""
        return self._resident is None

    @property
    def images_per_epoch(self) -> int:
        """Number of images that an epoch's batches hold together."""
        return images_used(len(self.labels), self.batch_size, self.drop_last)

    @property
    def sizes(self) -> list[int]:
        """Sizes of an epoch's batches, one or two, the larger first."""
        return sizes_of_batches(len(self.labels), self.batch_size, self.drop_last)

    def __len__(self) -> int:
        """Number of batches an epoch."""
        return steps_an_epoch(len(self.labels), self.batch_size, self.drop_last)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The batches of epoch 0."""
        return self.epoch(0)

    def epoch(self, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Batches of an epoch, the same whenever asked for: images (B,C,crop,crop) and labels (int64, B)."""
        return map(self.batch, self.picks(epoch))

    def picks(self, epoch: int, first: int = 0) -> Iterator[Pick]:
        """The picks of an epoch, of which `batch` makes batches, from batch number `first` on."""
        chosen = self._order(epoch)
        crops = self._crops(epoch, len(chosen))
        index = chosen.to(self.device)
        starts = range(first * self.batch_size, len(chosen), self.batch_size)
        parts = [slice(start, start + self.batch_size) for start in starts]
        picks = (Pick(index[part], *(None if draw is None else draw[part] for draw in crops)) for part in parts)
        if self._resident is not None:
            return picks
        streamed = self._stream([chosen[part].numpy() for part in parts])
        return (pick._replace(images=images) for pick, images in zip(picks, streamed, strict=True))

    def batch(self, pick: Pick) -> tuple[torch.Tensor, torch.Tensor]:
        """Images (B,C,crop,crop), augmented and normalised, and labels (int64, B); all of it on the device."""
        stored = self._resident if pick.images is None else pick.images
        assert stored is not None
        taken = pick.chosen if pick.images is None else None
        if pick.rows is not None and pick.columns is not None:
            images = augment(stored, pick.rows, pick.columns, pick.flips, self.data.crop, taken)
        else:
            images = stored if taken is None else stored[taken]
        exact = images.to(self._exact, memory_format=self._layout)
        return torch.addcmul(self._shift, exact, self._scale).to(self.dtype), self.labels[pick.chosen]

    def _order(self, epoch: int) -> torch.Tensor:
        if self.seed_order is None:
            return torch.arange(self.images_per_epoch)
        generator = torch.Generator().manual_seed(derive_seed(self.seed_order, "order", epoch))
        return torch.randperm(len(self.labels), generator=generator)[: self.images_per_epoch]

    def _crops(self, epoch: int, count: int) -> tuple[torch.Tensor | None, ...]:
        """An epoch's rows, columns and flips, distributed as torchvision's RandomCrop and RandomHorizontalFlip.

        They come from the CPU, so that all devices see the same numbers, and all at once, so that none waits.
        """
        if self.seed_augment is None:
            return None, None, None
        generator = torch.Generator().manual_seed(derive_seed(self.seed_augment, "augment", epoch))
        places = self.data.image_size + 2 * self.data.pad - self.data.crop + 1
        rows, columns = torch.randint(places, (2, count), generator=generator).to(self.device)
        flips = (torch.rand(count, generator=generator) < 0.5).to(self.device) if self.data.flip else None
        return rows, columns, flips

    def _load(self, limit: int | None) -> torch.Tensor | None:
        """All images on the device, ready to be cut; None if they do not fit."""
        count, channels = self._stored.shape[:2]
        side = self.data.image_size + 2 * self.data.pad
        if limit is None:
            on_gpu = self.device.type == "cuda"
            limit = torch.cuda.mem_get_info(self.device)[0] // 2 if on_gpu else LARGEST_ON_CPU
        if count * channels * side * side > limit:
            return None
        return self._ready(torch.from_numpy(np.array(self._stored)).to(self.device)).contiguous()

    def _ready(self, images: torch.Tensor) -> torch.Tensor:
        """Images padded if squares are to be cut at random, else cut at the centre."""
        if self.seed_augment is None:
            return centre_crop(images, self.data.crop)
        return F.pad(images, (self.data.pad,) * 4)

    def _stream(self, batches: list[np.ndarray]) -> Iterator[torch.Tensor]:
        """The images of each batch, given by its rows, read some batches ahead."""
        with ThreadPoolExecutor(READERS) as pool:
            pending: deque[Future[torch.Tensor]] = deque()
            for rows in batches:
                pending.append(pool.submit(self._read, rows))
                if len(pending) > AHEAD:
                    yield self._arrived(pending.popleft())
            while pending:
                yield self._arrived(pending.popleft())

    def _read(self, rows: np.ndarray) -> torch.Tensor:
        batch = torch.from_numpy(self._stored[rows])
        return batch.pin_memory() if self.device.type == "cuda" else batch

    def _arrived(self, batch: Future[torch.Tensor]) -> torch.Tensor:
        return self._ready(batch.result().to(self.device, non_blocking=True))
