"""What Faust assigned to this process: a hint about who should own a partition."""


class Assignment:
    """The newest set of partitions and the group's generation that it came with.

    `number` counts assignments in this process, so that a change can be waited for.
    """

    __slots__ = ("generation", "number", "partitions")

    def __init__(self) -> None:
        self.partitions: frozenset[int] = frozenset()
        self.generation = -1
        self.number = 0

    def take(self, partitions: frozenset[int], generation: int) -> None:
        """A new assignment."""
        self.partitions = partitions
        self.generation = generation
        self.number += 1
