"""Asks the HTTP API as anybody with a token would."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import msgspec

TIMEOUT_SECONDS = 60


class Api:
    """One API with one token."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._token = token

    def ask(self, path: str, **parameters: object) -> Any:
        """The JSON answer of a route; raises urllib.error.HTTPError when it is a refusal."""
        with self._open(path, "application/json", parameters) as response:
            return msgspec.json.decode(response.read())

    def rows(self, path: str, **parameters: object) -> Iterator[Any]:
        """Every item of a list route, however many, as they arrive."""
        with self._open(path, "application/x-ndjson", parameters) as response:
            for line in response:
                yield msgspec.json.decode(line)

    def _open(self, path: str, accept: str, parameters: dict[str, object]) -> Any:
        query = f"?{urlencode(parameters)}" if parameters else ""
        headers = {"Authorization": f"Bearer {self._token}", "Accept": accept}
        request = Request(f"{self.url}{path}{query}", headers=headers)  # noqa: S310 - the API's own address
        return urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
