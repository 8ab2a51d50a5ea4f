"""The texts of settings: each is read into its value, and shown without its secrets."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn

from domain.vocabulary import PARTNERS
from services.cloudevents.time import fault, microseconds

SHORTEST_TOKEN: Final = 16
MASK: Final = "•••"
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
# What a bearer token may be made of (RFC 6750, section 2.1).
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_BROKER: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})")
_SECRETS: Final = frozenset({"password", "sslpassword"})
_UNREADABLE_URL: Final = (
    "is not a URL as PostgreSQL reads them: in a name or password write @ as %40, : as %3A, / as %2F, ? as %3F, "
    "# as %23 and % as %25"
)


class SettingRefused(Exception):
    """A setting's text cannot be read; the message follows the setting's name in a sentence."""


def bootstrap(text: str) -> str:
    """The same list of brokers, host:port,…, without blanks; may be empty."""
    brokers = _items(text)
    for broker in brokers:
        form = _BROKER.fullmatch(broker)
        if form is None or not 0 < int(form[1]) < 65_536:
            raise SettingRefused(f"names {broker!r}, which is not host:port")
    return ",".join(brokers)


def database_url(text: str) -> str:
    """The same URL; may be empty. Both drivers read a URL, only one of them key=value pairs.

    A URL that they would read differently, or that holds an @ where none belongs, is refused without a word of it: part
    of a password would be taken for a host, a port or a database, and shown in what is said about it.
    """
    if not text:
        return text
    try:
        split = urlsplit(text)
    except ValueError:
        raise SettingRefused(_UNREADABLE_URL) from None
    if split.scheme not in {"postgresql", "postgres"}:
        raise SettingRefused("is not a URL that starts with postgresql://")
    user, _, password = split.netloc.rpartition("@")[0].partition(":")
    read = {"user": user, "password": password, "dbname": split.path.removeprefix("/")}
    read |= {
        unquote(name): value
        for name, _, value in (part.partition("=") for part in split.query.split("&"))
    }
    try:
        given = parse_dsn(text)
    except ProgrammingError:
        raise SettingRefused(_UNREADABLE_URL) from None
    ports = given.get("port", "").split(",")
    if (
        "@" in split.path + split.fragment
        or any(
            unquote(read[name]) != given.get(name, "") for name in ("user", "password", "dbname")
        )
        or not all(port.isdecimal() for port in ports if port)
    ):
        raise SettingRefused(_UNREADABLE_URL)
    return text


def partners(text: str) -> frozenset[str]:
    """The partners of `partner,…`; of an empty text all of them."""
    named = _items(text)
    for partner in named:
        if partner not in PARTNERS:
            raise SettingRefused(f"names {partner!r}; the partners are {', '.join(PARTNERS)}")
    return frozenset(named or PARTNERS)


def file(text: str) -> Path | None:
    """The path; None where none is named. Whether it can be read shows when it is."""
    return Path(text) if text else None


def evaluator_tokens(text: str) -> frozenset[str]:
    """The tokens of `token,…`."""
    return frozenset(_token(item) for item in _items(text))


def partner_tokens(text: str) -> dict[str, str]:
    """Token to partner, of `partner:token,…`; a partner may have several tokens."""
    partner_of: dict[str, str] = {}
    for item in _items(text):
        partner, colon, token = item.partition(":")
        if not colon:
            raise SettingRefused("has an entry that is not partner:token")
        if partner not in PARTNERS:
            raise SettingRefused(f"names {partner!r}; the partners are {', '.join(PARTNERS)}")
        if partner_of.setdefault(_token(token), partner) != partner:
            raise SettingRefused(f"gives {partner} a token that another partner has")
    return partner_of


def networks(text: str) -> tuple[str, ...]:
    """The addresses and networks of `address or network,…`."""
    try:
        return tuple(str(ip_network(item)) for item in _items(text))
    except ValueError as error:
        raise SettingRefused(f"names something else than addresses: {error}") from None


def instant(text: str) -> int:
    """Microseconds since 1970-01-01T00:00:00Z of an RFC 3339 time."""
    value = microseconds(text)
    if value is None:
        raise SettingRefused(f"is {text!r}, which {fault(text)}")
    return value


def mask_tokens(text: str) -> str:
    """As many masks as there are tokens."""
    return ",".join(MASK for _ in _items(text))


def mask_partner_tokens(text: str) -> str:
    """The partners, each token masked."""
    return ",".join(f"{item.partition(':')[0]}:{MASK}" for item in _items(text))


def mask_url(text: str) -> str:
    """The URL with its passwords masked, wherever in it they stand; a mask alone for what is no URL."""
    try:
        split = urlsplit(database_url(text))
    except SettingRefused:
        return MASK
    login, at, place = split.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    query = [
        f"{name}={MASK if unquote(name) in _SECRETS else value}"
        for name, _, value in (part.partition("=") for part in split.query.split("&") if part)
    ]
    masked = split._replace(
        netloc=f"{user}{colon}{MASK if colon else ''}{at}{place}", query="&".join(query)
    )
    return masked.geturl() if text else text


def _items(text: str) -> list[str]:
    return [item for part in text.split(",") if (item := part.strip())]


def _token(text: str) -> str:
    if _TOKEN.fullmatch(text) is None:
        raise SettingRefused("holds a token with characters that a bearer token cannot have")
    if len(text) < SHORTEST_TOKEN:
        raise SettingRefused(
            f"holds a token shorter than {SHORTEST_TOKEN} characters, which can be guessed"
        )
    return text


def log_level(text: str) -> str:
    """The level in small letters."""
    level = text.strip().lower()
    if level not in LOG_LEVELS:
        raise SettingRefused(f"is {text!r}, which is none of {', '.join(LOG_LEVELS)}")
    return level
