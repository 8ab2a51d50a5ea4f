"""Who asks: bearer tokens (RFC 6750) and the two roles of the contract."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from hmac import compare_digest
from http import HTTPStatus
from secrets import token_bytes
from typing import Any

from msgspec import Struct

from domain.telling import tell
from domain.vocabulary import PARTNER_CODES, PARTNER_IDS
from services.http.attempts import Attempts
from services.http.problems import Fault, Problem, not_found, unprocessable

EVERY_PARTNER = tuple(PARTNER_CODES)


class Caller(Struct, frozen=True):
    """Who asks. ``partner`` None: an evaluator, who sees all partners. ``share``: whose share of the API it uses up."""

    partner: str | None = None
    share: bytes = b""

    def partner_ids(self, asked: str | None) -> tuple[int, ...]:
        """The partners whose data a list shows: the one asked for, or all that the caller may see.

        Raises 403 for another partner's data and 422 for a partner that does not exist.
        """
        if asked is None:
            return EVERY_PARTNER if self.partner is None else (PARTNER_IDS[self.partner],)
        if asked not in PARTNER_IDS:
            raise unprocessable(
                Fault("partner", tell("is none of %(words)s", words=", ".join(PARTNER_IDS)))
            )
        self._must_see(asked)
        return (PARTNER_IDS[asked],)

    def partner_of_path(self, asked: str) -> int:
        """The partner id of a path; raises 404 for one that does not exist, 403 for another's."""
        if asked not in PARTNER_IDS:
            raise not_found(tell("there is no such partner"))
        self._must_see(asked)
        return PARTNER_IDS[asked]

    def must_be_evaluator(self) -> None:
        """Raises 403 for a partner's token."""
        if self.partner is not None:
            raise Problem(
                HTTPStatus.FORBIDDEN, tell("this is for evaluators: it is across partners")
            )

    def _must_see(self, asked: str) -> None:
        if self.partner not in {None, asked}:
            raise Problem(
                HTTPStatus.FORBIDDEN,
                tell("this token reads the data of %(partner)s only", partner=self.partner),
            )


class Access:
    """The tokens of a running API, and the limit on unknown ones.

    Tokens are looked up and compared as digests under a random key of this process: the time that takes depends on the
    digest, which nobody outside can steer, and says nothing about a token.
    """

    def __init__(
        self,
        evaluator_tokens: Iterable[str],
        partner_tokens: Mapping[str, str],
        metrics_tokens: Iterable[str] = (),
        attempts: Attempts | None = None,
    ) -> None:
        """``partner_tokens``: token to partner; ``metrics_tokens`` read ``/metrics`` and nothing else."""
        self._key = token_bytes(32)
        self._attempts = attempts or Attempts()
        self._callers: dict[bytes, Caller] = {}
        self._tokens: list[tuple[str, Caller]] = []
        for token, partner in [
            *partner_tokens.items(),
            *((token, None) for token in evaluator_tokens),
        ]:
            caller = Caller(partner, self._digest(token))
            self._callers[caller.share] = caller
            self._tokens.append((token, caller))
        self._metrics = {self._digest(token): None for token in metrics_tokens}

    def caller(self, authorization: str | None, host: str) -> Caller:
        """Who the Authorization header stands for, sent from an address.

        Raises 401 when it stands for nobody, 429 when too many unknown tokens came from there.
        """
        digest = self._digest(_token(authorization))
        caller = self._callers.get(digest)
        if caller is None:
            self._attempts.bad(host, digest)
            raise _unauthorized("this token is not known", ', error="invalid_token"')
        self._attempts.good(host, digest)
        return caller

    def check_metrics(self, authorization: str | None, host: str) -> None:
        """Raises 401, 403 or 429 for whoever may not read what concerns all partners."""
        digest = self._digest(_token(authorization))
        if digest in self._metrics:
            self._attempts.good(host, digest)
        elif self.caller(authorization, host).partner is not None:
            raise Problem(HTTPStatus.FORBIDDEN, "this token does not read the metrics")

    def sealed(self, token: str, secret: bytes) -> bytes:
        """A token as a digest that says nothing without the secret."""
        return blake2b(token.encode(), key=secret).digest()

    def unsealed(self, sealed: bytes, secret: bytes) -> Caller | None:
        """Whose token was sealed; None where it is no token any more."""
        found = None
        for token, caller in self._tokens:
            if compare_digest(self.sealed(token, secret), sealed):
                found = caller
        return found

    def _digest(self, token: str) -> bytes:
        return blake2b(token.encode(errors="surrogateescape"), key=self._key).digest()


def host_of(scope: Mapping[str, Any]) -> str:
    """The address that a request came from; empty where there is none."""
    client = scope.get("client")
    return client[0] if client else ""


def _token(authorization: str | None) -> str:
    """The token of an Authorization header; raises 401 where there is none."""
    if authorization is None:
        raise _unauthorized("send a token: Authorization: Bearer …", "")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorized("the Authorization header must be Bearer and a token", "")
    return token.strip()


def _unauthorized(detail: str, error: str) -> Problem:
    challenge = {"WWW-Authenticate": f'Bearer realm="tuntas"{error}'}
    return Problem(HTTPStatus.UNAUTHORIZED, detail, (), challenge)
