"""Sets of small numbers as Python's whole numbers: "able and free" is one `&`."""

from collections.abc import Iterator


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def lowest(mask: int) -> int:
    """The number of the lowest bit that is set; of none, -1."""
    return (mask & -mask).bit_length() - 1
