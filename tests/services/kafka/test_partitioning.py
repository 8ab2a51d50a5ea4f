import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as reference

from services.kafka.partitioning import murmur2, partition_of


@given(st.binary(max_size=64))
def test_it_is_the_hash_of_other_clients(data: bytes) -> None:
    assert murmur2(data) == reference(data)


@pytest.mark.parametrize(
    # From Kafka's own UtilsTest.testMurmur2, unsigned here.
    ("data", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_it_is_the_hash_of_kafka_itself(data: bytes, expected: int) -> None:
    assert murmur2(data) == expected % 2**32


def test_a_key_goes_to_one_of_the_partitions() -> None:
    assert {partition_of(b"PRK-%d" % n, 6) for n in range(100)} == set(range(6))
