"""What one fetch of one partition says beside its records."""

from services.kafka.fetched_part import FetchedPart
from tests.services.kafka.sealed import at_offset, batch_of

TP = ("topic", 0)


def fetched(data: bytes, offset: int) -> FetchedPart:
    """A fetch at ``offset``, taken to its end."""
    part = FetchedPart(offset, TP, None, aborted_transactions=None, on_drain=lambda _: None)
    part.read(data, high_water=1_000)
    while part:
        part.take(100)
    return part


def test_what_was_asked_for_stands_for_itself() -> None:
    part = fetched(at_offset(batch_of([b"a", b"b"]), 4), 4)
    assert (part.next_fetch_offset, part.beside) == (6, 0)


def test_a_batch_that_says_it_lies_elsewhere_is_beside_what_was_asked_for() -> None:
    part = fetched(at_offset(batch_of([b"a", b"b"]), 1), 4)
    assert (part.next_fetch_offset, part.beside) == (4, 2)


def test_what_a_fetch_passes_over_is_asked_for_again_before_it_is_lost() -> None:
    """A broker that leaves a batch out once may send it the next time: good records are behind that offset."""
    part = fetched(at_offset(batch_of([b"c"]), 6), 4)
    assert (part.next_fetch_offset, part.beside) == (4, 2)

    part = FetchedPart(2, TP, None, aborted_transactions=None, on_drain=lambda _: None)
    part.read(at_offset(batch_of([b"a", b"b"]), 2) + at_offset(batch_of([b"c"]), 6), 1_000)
    assert [record.offset for record in part.take(100)] == [2, 3]
    assert (bool(part), part.next_fetch_offset, part.beside) == (False, 4, 0)


def test_what_is_missing_beside_a_damaged_batch_is_lost_at_once() -> None:
    damaged = bytearray(at_offset(batch_of([b"a", b"b"]), 4))
    damaged[-1] ^= 1
    damaged[26] = 0  # it says that it holds one record
    part = FetchedPart(4, TP, None, aborted_transactions=None, on_drain=lambda _: None)
    part.read(bytes(damaged) + at_offset(batch_of([b"c"]), 6), 1_000)
    taken = part.take(100)
    assert [record.offset for record in taken] == [4, 5, 6]
    assert [type(record).__name__ for record in taken] == ["CorruptRecord"] * 2 + ["Record"]


def test_an_answer_without_records_says_nothing() -> None:
    """Others had their turn: no offset is lost by that, however often it comes."""
    part = fetched(b"", 4)
    assert (part.next_fetch_offset, part.beside) == (4, 0)
