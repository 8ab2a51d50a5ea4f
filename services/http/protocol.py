"""HTTP on a connection, with an end to everything that a client can send, withhold or leave unread.

uvicorn's protocol on httptools bounds none of it; this one is the same with limits (docs/decisions/http-server.md).
"""

import asyncio
from http import HTTPStatus
from typing import Any, ClassVar, Final

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from services.http.connections import Connections
from services.http.problems import MEDIA_TYPE, ProblemDetails, encoded

MOST_URL_BYTES: Final = 16 * 1024
MOST_HEADERS: Final = 100
MOST_HEAD_BYTES: Final = 32 * 1024
"""The request line and all headers."""
MOST_BODY_BYTES: Final = 64 * 1024
MOST_PIPELINED: Final = 32
"""Requests that may wait on one connection behind the one that is answered."""

HEAD_SECONDS: Final = 10.0
BODY_SECONDS: Final = 10.0
LINGER_SECONDS: Final = 10.0
"""How long the end of an answer may take to leave a connection that is being closed."""

UNREAD_SECONDS: Final = 30.0
PAUSE_SECONDS: Final = 3.0
"""How long a reader may keep an answer waiting: so long, and so much longer for each 48 KiB that it has taken."""


class Refused(Exception):
    """The request exceeds a limit; raised within the parser, which stops."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection. ``admitted`` are the connections of its server."""

    admitted: ClassVar[Connections]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._counted_for: str | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._refusal: tuple[HTTPStatus, str] | None = None
        self._in_head = False
        self._in_body = False
        self._head_bytes = 0
        self._body_bytes = 0
        self._unread: asyncio.TimerHandle | None = None
        self._unread_since = 0.0
        self._patience = UNREAD_SECONDS

    # Of the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._counted_for = self.admitted.admit(self, self.client[0] if self.client else "")
        if self._counted_for is None:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "there are too many connections")
        else:
            self._end_in(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_in(None)
        if self._unread is not None:
            self._unread.cancel()
        if self._counted_for is not None:
            self.admitted.leaves(self, self._counted_for)
        super().connection_lost(exc)

    def give_way(self) -> None:
        """Ends at once, for a newcomer."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade:
            pass  # nothing else is spoken here; the request is answered
        except HttpParserError:
            # Not logged: who sends nonsense would fill the log.
            self._refuse(*(self._refusal or (HTTPStatus.BAD_REQUEST, "this is not HTTP/1.1")))
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(
                    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                    f"the request's head is longer than {MOST_HEAD_BYTES} bytes",
                )
                return
        if self._deadline is None:
            if self._in_body:
                self._end_in(BODY_SECONDS)
            elif self._in_head or not self._is_answering:
                self._end_in(HEAD_SECONDS)

    # Of one request, called by the parser

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > MOST_URL_BYTES:
            self._stop(
                HTTPStatus.REQUEST_URI_TOO_LONG, f"the URL is longer than {MOST_URL_BYTES} bytes"
            )

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))
        if len(self.headers) > MOST_HEADERS:
            self._stop(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"the request has more than {MOST_HEADERS} headers",
            )

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MOST_PIPELINED:
            self._stop(HTTPStatus.TOO_MANY_REQUESTS, "too many requests wait on this connection")
        super().on_headers_complete()
        self._in_head = False
        self._in_body = True
        self._body_bytes = 0
        self._end_in(None)

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > MOST_BODY_BYTES:
            self._stop(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the request's body is longer than {MOST_BODY_BYTES} bytes",
            )
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._end_in(None)
        if self._counted_for is not None and self._is_answering:
            self.admitted.asks(self, self._counted_for)
        super().on_message_complete()

    # Of one answer

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._patience = UNREAD_SECONDS
        if self.transport.is_closing():
            self.loop.call_later(LINGER_SECONDS, self.transport.abort)
        elif self._counted_for is not None and not self._is_answering:
            self.admitted.waits(self, self._counted_for)

    def timeout_keep_alive_handler(self) -> None:
        """Ends a connection on which nothing more was asked, even where it left its last answer unread."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_since = self.loop.time()
        self._unread = self.loop.call_later(max(self._patience, 0), self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
            self._patience += PAUSE_SECONDS - (self.loop.time() - self._unread_since)

    @property
    def _is_answering(self) -> bool:
        cycle = self._cycle
        return cycle is not None and not cycle.response_complete

    @property
    def _cycle(self) -> RequestResponseCycle | None:
        """The newest request; None until there was one, which uvicorn's own annotation leaves out."""
        return self.cycle

    def _end_in(self, seconds: float | None) -> None:
        """Sets the time until which the part of a request that is awaited has to be here; None: no part is awaited."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        if self._in_head or self._in_body:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the request did not arrive in time")
        else:
            self.transport.close()

    def _stop(self, status: HTTPStatus, detail: str) -> None:
        self._refusal = status, detail
        raise Refused

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answers in the application's place, and ends the connection."""
        if self._is_answering or self._in_body:
            cycle = self._cycle if self._in_body and not self.pipeline else None
            if cycle is None or cycle.response_started:
                # Nothing may stand within or behind the answer that is on its way, or was given already.
                self.transport.abort()
                return
        body = encoded(ProblemDetails(status.phrase, status, detail, ""))
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            "cache-control: no-store\r\nx-content-type-options: nosniff\r\n"
            "retry-after: 5\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)


def limited(connections: Connections) -> type[LimitedProtocol]:
    """The protocol of a server whose connections are these."""
    return type("Protocol", (LimitedProtocol,), {"admitted": connections})
