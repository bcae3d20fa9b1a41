"""The one rule that says which records of the journal count, however writers interleave."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.journal import (
    Entry,
    Open,
    Record,
    Source,
    Validity,
    decode_entry,
    encode_entry,
)


@dataclass(frozen=True)
class Written:
    """An entry in the log, and whose it is."""

    offset: int
    writer: int
    entry: Entry


@st.composite
def journals(draw: st.DrawFn) -> list[Written]:
    """What up to four writers may leave behind: each opens when it likes, and writes under its own
    last epoch for as long as it likes, long after others have opened (a zombie). The log has
    holes, and records under epochs that nobody ever had."""
    epochs: dict[int, int] = {}
    journal: list[Written] = []
    offset = draw(st.integers(0, 3))
    for src in range(draw(st.integers(0, 40))):
        writer = draw(st.integers(0, 3))
        act = draw(st.sampled_from(["open", "record", "record", "record", "forged"]))
        if act == "open":
            epochs[writer] = offset
            entry: Entry = Open(writer=f"router-{writer}", generation=draw(st.integers(0, 3)))
        else:
            forged = draw(st.integers(-1, offset + 3)) if act == "forged" else None
            epoch = forged if forged is not None else epochs.get(writer, -1)
            entry = Record(epoch=epoch, src=Source("topic", src), at=src)
        journal.append(Written(offset, writer, entry))
        offset += 1 + draw(st.integers(0, 2))
    return journal


def owners_records(journal: list[Written]) -> list[Written]:
    """The rule in other words: those of whoever opened last, under that `open`."""
    last: int | None = None
    counted = []
    for written in journal:
        if isinstance(written.entry, Open):
            last = written.offset
        elif last is not None and written.entry.epoch == last:
            counted.append(written)
    return counted


def admitted(journal: list[Written], validity: Validity) -> list[Written]:
    return [w for w in journal if validity.admit(w.offset, w.entry) is not None]


@settings(deadline=None)
@given(journals())
def test_only_records_of_the_last_to_open_count(journal: list[Written]) -> None:
    validity = Validity()
    assert admitted(journal, validity) == owners_records(journal)
    records = [written for written in journal if isinstance(written.entry, Record)]
    assert validity.void == len(records) - len(owners_records(journal))


@settings(deadline=None)
@given(journals())
def test_a_void_record_is_void_for_ever(journal: list[Written]) -> None:
    """Whatever is written later, no reader changes its mind: a prefix is judged the same."""
    whole = admitted(journal, Validity())
    for length in range(len(journal)):
        part = admitted(journal[:length], Validity())
        assert part == whole[: len(part)]
        assert len(part) == sum(1 for written in whole if written in journal[:length])


@settings(deadline=None)
@given(journals(), st.data())
def test_from_a_snapshots_epoch_it_is_the_same_as_from_the_beginning(
    journal: list[Written], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(journal)))
    before = Validity()
    counted = admitted(journal[:cut], before)
    after = Validity(before.epoch)
    assert counted + admitted(journal[cut:], after) == admitted(journal, Validity())


@settings(deadline=None)
@given(journals())
def test_without_an_open_and_without_a_snapshot_nothing_counts(journal: list[Written]) -> None:
    headless = [written for written in journal if isinstance(written.entry, Record)]
    assert admitted(headless, Validity()) == []


@settings(deadline=None)
@given(journals())
def test_entries_are_the_same_after_the_log(journal: list[Written]) -> None:
    for written in journal:
        assert decode_entry(encode_entry(written.entry)) == written.entry


def test_zombie_that_wakes_inside_a_takeover_is_void_and_the_new_owner_counts() -> None:
    journal = [
        Written(10, 0, Open(writer="old", generation=1)),
        Written(11, 0, Record(epoch=10, src=Source("t", 1), at=1)),
        Written(12, 1, Open(writer="new", generation=2)),
        Written(13, 0, Record(epoch=10, src=Source("t", 2), at=2)),
        Written(14, 1, Record(epoch=12, src=Source("t", 2), at=2)),
        Written(15, 0, Open(writer="old", generation=1)),
        Written(16, 1, Record(epoch=12, src=Source("t", 3), at=3)),
    ]
    assert [written.offset for written in admitted(journal, Validity())] == [11, 14]
