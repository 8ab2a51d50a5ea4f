"""Partitions change hands among the consumers of one group."""

from time import monotonic

from services.kafka.producer import Producer
from services.kafka.records import Record
from tests.services.kafka.conftest import Reader, Subscribe, create_topic, only

PARTITIONS = 6


def lanes(topic: str) -> set[tuple[str, int]]:
    return {(topic, partition) for partition in range(PARTITIONS)}


def write_one_a_partition(bootstrap: str, topic: str, value: bytes) -> None:
    with Producer(bootstrap) as producer:
        for n in range(200):  # enough keys to reach every partition
            producer.send(topic, b"PRK-%d" % n, (), value)
        producer.flush()


def test_two_consumers_share_and_one_takes_over_from_the_other(
    bootstrap: str, subscribe: Subscribe
) -> None:
    topic = create_topic(bootstrap, PARTITIONS)
    first = Reader(subscribe(only(topic)))
    while first.held != lanes(topic):
        first.poll()
    write_one_a_partition(bootstrap, topic, b"1")
    while len(first.values) < 200:
        first.poll()
    before = len(first.polls)

    second = Reader(subscribe(only(topic)), start=None)
    while not second.held:
        first.poll()
        second.poll()
    while first.held & second.held:
        first.poll()
    assert first.held | second.held == lanes(topic)
    assert len(first.held) == len(second.held) == 3
    # What stays is not reported: it reads on from where it was, without a seek.
    changes = first.polls[before:]
    assert set().union(*(p.revoked for p in changes)) == second.held
    assert not any(p.assigned or p.lost for p in changes)

    for lane in second.held:  # as a lane row would say
        assert second.consumer.seek(*lane, first.next_offsets[lane])
    write_one_a_partition(bootstrap, topic, b"2")
    while len(first.values) + len(second.values) < 400:
        first.poll()
        second.poll()
    assert set(second.records) == second.held
    assert set(second.values) == {b"2"}

    shared = set(second.held)
    first.consumer.close()
    while second.held != lanes(topic):
        second.poll()
    late = [p for p in second.polls if p.assigned][1:]
    assert set().union(*(p.assigned for p in late)) == lanes(topic) - shared
    assert not any(p.revoked or p.lost for p in second.polls)


def test_what_is_given_up_is_not_read_any_further(bootstrap: str, subscribe: Subscribe) -> None:
    topic = create_topic(bootstrap, PARTITIONS)
    write_one_a_partition(bootstrap, topic, b"1")
    first, second = (Reader(subscribe(only(topic))) for _ in range(2))
    while not (first.held and second.held and first.held | second.held == lanes(topic)):
        first.poll(most=3)
        second.poll(most=3)
    # Each read from the start what it was given, and `Reader` met nothing of what it was not.
    while len(first.next_offsets) + len(second.next_offsets) < PARTITIONS:
        first.poll()
        second.poll()
    for reader in (first, second):
        for found in reader.records.values():
            offsets = [r.offset for r in found if isinstance(r, Record)]
            assert offsets == list(range(len(offsets)))


def test_a_rebalance_that_ends_between_two_polls_is_noticed(
    bootstrap: str, subscribe: Subscribe
) -> None:
    """kafka-python alone forgets it when new topics were its reason, and never reads again."""
    topic = create_topic(bootstrap, 2)
    pattern = f"^{topic}(-second)?$"
    first, second = (Reader(subscribe(pattern, unavailable_after_seconds=4.5)) for _ in range(2))
    while not (first.held and second.held and not first.held & second.held):
        first.poll()
        second.poll()
    create_topic(bootstrap, 2, name=f"{topic}-second")
    # The broker waits for the second member, while the first polls often and briefly.
    until = monotonic() + 2.5  # metadata is 1.5 seconds old at most
    while monotonic() < until:
        first.poll(0.02)
    while len(first.held | second.held) < 4 or first.held & second.held:
        first.poll(0.02)
        second.poll()
    write_one_a_partition(bootstrap, f"{topic}-second", b"2")
    while len(first.values) + len(second.values) < 200:
        first.poll()
        second.poll()
    assert first.values
    assert second.values
