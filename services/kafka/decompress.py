"""Decompression of record batches, bounded: a few kilobytes can stand for gigabytes of zeros."""

import struct
import zlib
from collections.abc import Callable
from typing import Final

import lz4.frame
import snappy
import zstandard

from domain.telling import tell

MAX_BYTES: Final = 16 * 1024 * 1024
"""No batch becomes larger than this; the contract's largest record is 256 KiB."""

MAX_FRAMES: Final = 64
"""Of a batch's data. Clients write one; each costs time, whether it holds anything or not."""

MAX_BLOCKS: Final = 4096
"""The same of the blocks that Java's clients write of snappy: of a batch of 16 MiB they are 512."""

_CHUNK_BYTES: Final = 256 * 1024
_XERIAL_MAGIC: Final = b"\x82SNAPPY\x00"
_XERIAL_HEADER_BYTES: Final = 16


class NotDecompressed(Exception):
    """The bytes are damaged, too large when decompressed, or compressed in an unknown way."""


def decompress(codec: int, data: bytes) -> bytes:
    """The decompressed bytes; ``codec`` is the number in a batch's attributes (1 gzip, … 4 zstd).

    Raises NotDecompressed with a sentence; never holds more than MAX_BYTES and a chunk of output.
    """
    name, function = _CODECS.get(codec, ("", _unknown))
    try:
        return function(data)
    except NotDecompressed:
        raise
    except (
        zlib.error,
        zstandard.ZstdError,
        snappy.UncompressError,
        RuntimeError,  # what lz4 raises
        ValueError,
        EOFError,
        struct.error,
    ) as error:
        raise NotDecompressed(tell("The batch's %(codec)s data is damaged.", codec=name)) from error


def _unknown(_data: bytes) -> bytes:
    raise NotDecompressed(tell("The batch is compressed in a way that Kafka does not define."))


def _too_large() -> NotDecompressed:
    return NotDecompressed(
        tell(
            "The batch is larger than %(most)s bytes when decompressed; send smaller batches.",
            most=MAX_BYTES,
        )
    )


def _too_many(parts: str) -> NotDecompressed:
    return NotDecompressed(
        tell("The batch's data is in too many %(parts)s; have your client write one.", parts=parts)
    )


def _gzip(data: bytes) -> bytes:
    """RFC 1952: one or more members, one behind the other."""
    parts: list[bytes] = []
    size = 0
    while data:
        if len(parts) == MAX_FRAMES:
            raise _too_many(tell("gzip members"))
        member = zlib.decompressobj(wbits=31)
        part = member.decompress(data, MAX_BYTES + 1 - size)
        size += len(part)
        if size > MAX_BYTES:
            raise _too_large()
        if not member.eof:
            raise EOFError
        parts.append(part)
        data = member.unused_data
    return b"".join(parts)


def _snappy(data: bytes) -> bytes:
    """Raw snappy, or the blocks of the xerial library that Java's clients write."""
    if not data.startswith(_XERIAL_MAGIC):
        return _snappy_block(data, MAX_BYTES)
    parts: list[bytes] = []
    size = 0
    position = _XERIAL_HEADER_BYTES
    while position < len(data):
        if len(parts) == MAX_BLOCKS:
            raise _too_many(tell("snappy blocks"))
        (length,) = struct.unpack_from(">i", data, position)
        position += 4
        if length <= 0 or position + length > len(data):
            raise EOFError
        part = _snappy_block(data[position : position + length], MAX_BYTES - size)
        size += len(part)
        parts.append(part)
        position += length
    return b"".join(parts)


def _snappy_block(block: bytes, at_most: int) -> bytes:
    """One block, whose first bytes (a varint) say how long it is going to be."""
    declared = 0
    for index, byte in enumerate(block[:5]):
        declared |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            break
    if declared > at_most:
        raise _too_large()
    found: bytes = snappy.decompress(block)
    return found


def _lz4(data: bytes) -> bytes:
    parts: list[bytes] = []
    size = 0
    while data:
        if len(parts) == MAX_FRAMES:
            raise _too_many(tell("lz4 frames"))
        frame = lz4.frame.LZ4FrameDecompressor()
        part: bytes = frame.decompress(data, MAX_BYTES + 1 - size)
        size += len(part)
        if size > MAX_BYTES:
            raise _too_large()
        if not frame.eof:
            raise EOFError
        parts.append(part)
        data = frame.unused_data or b""
    return b"".join(parts)


def _zstd(data: bytes) -> bytes:
    parts: list[bytes] = []
    size = 0
    # Many frames cost nothing to speak of here: 100,000 empty ones, 20 ms.
    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        while part := reader.read(_CHUNK_BYTES):
            size += len(part)
            if size > MAX_BYTES:
                raise _too_large()
            parts.append(part)
    return b"".join(parts)


_CODECS: Final[dict[int, tuple[str, Callable[[bytes], bytes]]]] = {
    1: ("gzip", _gzip),
    2: ("snappy", _snappy),
    3: ("lz4", _lz4),
    4: ("zstd", _zstd),
}
