import gzip
import tracemalloc
from contextlib import suppress
from time import process_time

import lz4.frame
import pytest
import snappy
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from kafka.codec import snappy_encode

from services.kafka.decompress import MAX_BYTES, NotDecompressed, decompress

CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
COMPRESS = {
    "gzip": gzip.compress,
    "snappy": snappy_encode,
    "lz4": lz4.frame.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
TEXT = b'{"specversion": "1.0"}' * 5_000


@pytest.mark.parametrize("name", CODECS)
def test_what_was_compressed_comes_back(name: str) -> None:
    assert decompress(CODECS[name], COMPRESS[name](TEXT)) == TEXT


def test_snappy_without_the_frame_of_java_clients() -> None:
    assert decompress(2, snappy.compress(TEXT)) == TEXT


def test_frames_one_behind_the_other() -> None:
    assert decompress(1, gzip.compress(TEXT) + gzip.compress(b"end")) == TEXT + b"end"
    assert decompress(3, lz4.frame.compress(TEXT) + lz4.frame.compress(b"end")) == TEXT + b"end"
    zstd = zstandard.ZstdCompressor().compress
    assert decompress(4, zstd(TEXT) + zstd(b"end")) == TEXT + b"end"


@pytest.mark.parametrize("name", CODECS)
def test_the_largest_batch_and_one_byte_more(name: str) -> None:
    assert len(decompress(CODECS[name], COMPRESS[name](bytes(MAX_BYTES)))) == MAX_BYTES
    with pytest.raises(NotDecompressed, match="larger than 16777216 bytes"):
        decompress(CODECS[name], COMPRESS[name](bytes(MAX_BYTES + 1)))


@pytest.mark.parametrize("name", CODECS)
def test_a_bomb_takes_no_memory(name: str) -> None:
    bomb = COMPRESS[name](bytes(20 * MAX_BYTES))
    tracemalloc.start()
    try:
        with pytest.raises(NotDecompressed, match="larger than"):
            decompress(CODECS[name], bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(bomb) + 3 * MAX_BYTES


def test_a_snappy_block_that_says_it_is_huge() -> None:
    with pytest.raises(NotDecompressed, match="larger than"):
        decompress(2, b"\xff\xff\xff\xff\x0f" + b"x")


def snappy_blocks(count: int) -> bytes:
    """Blocks of the xerial library that hold nothing."""
    return bytes(snappy_encode(b"x")) + b"\x00\x00\x00\x01\x00" * count


MANY = {
    "gzip": gzip.compress(b"") * 45_000 + gzip.compress(TEXT),
    "snappy": snappy_blocks(180_000),
    "lz4": lz4.frame.compress(b"") * 60_000 + lz4.frame.compress(TEXT),
}


@pytest.mark.parametrize("name", MANY)
def test_many_parts_that_hold_nothing_take_no_time(name: str) -> None:
    """Megabytes of them took seconds, and with the rest copied for each, lz4 eight."""
    started = process_time()
    with pytest.raises(NotDecompressed, match="too many"):
        decompress(CODECS[name], MANY[name])
    assert process_time() - started < 0.1


def test_many_empty_frames_of_zstd_are_passed_quickly() -> None:
    started = process_time()
    assert decompress(4, COMPRESS["zstd"](b"") * 100_000 + COMPRESS["zstd"](TEXT)) == TEXT
    assert process_time() - started < 0.5


@pytest.mark.parametrize("codec", [5, 6, 7])
def test_a_codec_that_is_none(codec: int) -> None:
    with pytest.raises(NotDecompressed, match="does not define"):
        decompress(codec, TEXT)


@pytest.mark.parametrize("name", ["gzip", "snappy", "lz4"])
def test_a_part_is_missing_at_the_end(name: str) -> None:
    whole = COMPRESS[name](TEXT)
    with pytest.raises(NotDecompressed, match="damaged"):
        decompress(CODECS[name], whole[:-3])


def test_zstd_gives_what_is_there_when_a_part_is_missing() -> None:
    """Who reads the records notices: they end too early."""
    assert TEXT.startswith(decompress(4, COMPRESS["zstd"](TEXT)[:-3]))


@given(st.integers(1, 4), st.binary(max_size=200))
def test_any_bytes_are_decompressed_or_refused(codec: int, data: bytes) -> None:
    with suppress(NotDecompressed):
        assert isinstance(decompress(codec, data), bytes)
