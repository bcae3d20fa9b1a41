"""Reading the routing journal: only records that count, in order, in every service alike."""

from collections.abc import Iterable

from services.contracts.journal import Record, Validity, decode_entry
from services.contracts.topics import ROUTING_JOURNAL
from services.kit.feed import Feed, FeedReader
from services.kit.log_reader import Raw
from services.kit.settings import Settings

Decided = tuple[int, int, Record]
"""`(partition, offset, record)`."""


class JournalFeed(Feed[Decided]):
    """The journal, for all of a process. An entry that cannot be decoded is a bug: it ends the
    feed, and with it the process."""

    def __init__(
        self,
        settings: Settings,
        *,
        partitions: Iterable[int] | None = None,
        every: float = 0.0,
    ) -> None:
        self._made_of = settings, None if partitions is None else tuple(partitions), every
        super().__init__(settings, ROUTING_JOURNAL, partitions=self._made_of[1], every=every)
        self._validity: dict[int, Validity] = {}

    def hear(self, raw: Raw) -> Decided | None:
        """The record, if it counts."""
        validity = self._validity.get(raw.partition)
        if validity is None:
            validity = self._validity[raw.partition] = Validity()
        record = validity.admit(raw.offset, decode_entry(raw.value or b""))
        return None if record is None else (raw.partition, raw.offset, record)

    def anew(self) -> "JournalFeed":
        """Another one."""
        settings, partitions, every = self._made_of
        return JournalFeed(settings, partitions=partitions, every=every)

    @property
    def void(self) -> int:
        """Records that did not count."""
        return sum(validity.void for validity in self._validity.values())


class JournalReader(FeedReader[Decided]):
    """Follows the journal from the beginning: that of `feed`, else all partitions (or some) by
    itself."""

    def __init__(
        self,
        settings: Settings,
        *,
        partitions: Iterable[int] | None = None,
        feed: JournalFeed | None = None,
    ) -> None:
        super().__init__(feed or JournalFeed(settings, partitions=partitions))

    @property
    def void(self) -> int:
        """Records that did not count."""
        assert isinstance(self._feed, JournalFeed)  # noqa: S101 - made so
        return self._feed.void
