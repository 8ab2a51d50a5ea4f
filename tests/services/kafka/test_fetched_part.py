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


def test_an_answer_without_records_says_nothing() -> None:
    """Others had their turn: no offset is lost by that, however often it comes."""
    part = fetched(b"", 4)
    assert (part.next_fetch_offset, part.beside) == (4, 0)
