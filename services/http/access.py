"""Who asks: bearer tokens (RFC 6750) and the two roles of the contract."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from http import HTTPStatus
from secrets import token_bytes

from msgspec import Struct

from domain.vocabulary import PARTNER_CODES, PARTNER_IDS
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
            raise unprocessable(Fault("partner", f"is none of {', '.join(PARTNER_IDS)}"))
        self._must_see(asked)
        return (PARTNER_IDS[asked],)

    def partner_of_path(self, asked: str) -> int:
        """The partner id of a path; raises 404 for one that does not exist, 403 for another's."""
        if asked not in PARTNER_IDS:
            raise not_found("there is no such partner")
        self._must_see(asked)
        return PARTNER_IDS[asked]

    def _must_see(self, asked: str) -> None:
        if self.partner not in {None, asked}:
            raise Problem(HTTPStatus.FORBIDDEN, f"this token reads the data of {self.partner} only")


class Access:
    """The tokens of a running API.

    Tokens are kept, looked up and compared as digests under a random key of this process: the time that takes
    depends on the digest, which nobody outside can steer, and says nothing about a token.
    """

    def __init__(
        self,
        evaluator_tokens: Iterable[str],
        partner_tokens: Mapping[str, str],
        metrics_tokens: Iterable[str] = (),
    ) -> None:
        """``partner_tokens``: token to partner; ``metrics_tokens`` read ``/metrics`` and nothing else."""
        self._key = token_bytes(32)
        self._callers: dict[bytes, Caller] = {}
        for token, partner in [
            *partner_tokens.items(),
            *((token, None) for token in evaluator_tokens),
        ]:
            digest = self._digest(token)
            self._callers[digest] = Caller(partner, digest)
        self._metrics = {self._digest(token) for token in metrics_tokens}

    def caller(self, authorization: str | None) -> Caller:
        """Who the Authorization header stands for; raises 401 when it stands for nobody."""
        caller = self._callers.get(self._digest(_token(authorization)))
        if caller is None:
            raise _unauthorized("this token is not known", ', error="invalid_token"')
        return caller

    def check_metrics(self, authorization: str | None) -> None:
        """Raises 401 or 403 for whoever may not read what concerns all partners."""
        digest = self._digest(_token(authorization))
        if digest in self._metrics:
            return
        caller = self._callers.get(digest)
        if caller is None:
            raise _unauthorized("this token is not known", ', error="invalid_token"')
        if caller.partner is not None:
            raise Problem(HTTPStatus.FORBIDDEN, "this token does not read the metrics")

    def _digest(self, token: str) -> bytes:
        return blake2b(token.encode(errors="surrogateescape"), key=self._key).digest()


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
