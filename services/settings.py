"""Every setting of Tuntas: its name, type, meaning and default, read from an environment mapping.

A field's setting is `TUNTAS_` and its name in capitals. An empty value stands for the default.
"""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from domain.vocabulary import DEFAULT_PACKAGE_SALES_END
from services.postgres.server_number import MOST_SERVERS
from services.security_settings import security_problems
from services.setting_texts import (
    SettingRefused,
    bootstrap,
    database_url,
    evaluator_tokens,
    file,
    instant,
    log_level,
    mask_partner_tokens,
    mask_tokens,
    mask_url,
    networks,
    partner_tokens,
    partners,
)

PREFIX: Final = "TUNTAS_"
TEST_PREFIX: Final = "TUNTAS_TEST_"


_DEFAULT: Final = object()
"""In the place of a value: the default's is taken."""


def _setting(
    meaning: str,
    default: str = "",
    *,
    read: Callable[[str], object] | None = None,
    show: Callable[[str], str] = str,
    unset: object = _DEFAULT,
    at_least: int | None = None,
    at_most: int | None = None,
) -> Meta:
    """What stands beside a field.

    `read` turns its text into its value (by the field's type, where absent), `show` its text into
    one without secrets. `unset` is the value where no text is given, if it is not that of the default.
    """
    extra = {"default": default, "read": read, "show": show, "unset": unset}
    return Meta(description=meaning, ge=at_least, le=at_most, extra=extra)


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of one process."""

    kafka_bootstrap: Annotated[
        str,
        _setting("Kafka brokers, host:port,…; empty: an embedded broker", read=bootstrap),
    ]
    kafka_security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        _setting(
            "how brokers are spoken to: PLAINTEXT, SSL (client certificate), SASL_SSL (user and password over TLS), "
            "SASL_PLAINTEXT",
            "PLAINTEXT",
        ),
    ]
    kafka_sasl_mechanism: Annotated[
        Literal["SCRAM-SHA-512", "PLAIN"],
        _setting("how user and password are shown: SCRAM-SHA-512 or PLAIN", "SCRAM-SHA-512"),
    ]
    kafka_username: Annotated[str, _setting("user name, with SASL_SSL and SASL_PLAINTEXT")]
    kafka_password_file: Annotated[
        Path | None,
        _setting("file with the user's password; read again at each connection", read=file),
    ]
    kafka_ca_file: Annotated[
        Path | None,
        _setting(
            "certificates (PEM) of the authorities that sign brokers'; empty: those the machine trusts",
            read=file,
        ),
    ]
    kafka_certificate_file: Annotated[
        Path | None, _setting("this client's own certificate (PEM), with TLS", read=file)
    ]
    kafka_key_file: Annotated[
        Path | None,
        _setting("its key (PEM, not encrypted); empty: in the certificate's file", read=file),
    ]
    database_url: Annotated[
        str,
        _setting(
            "PostgreSQL, postgresql://user:password@host:port/database; empty: an embedded server",
            read=database_url,
            show=mask_url,
        ),
    ]
    state_dir: Annotated[
        Path, _setting("folder where an embedded run keeps its data", ".tuntas", read=Path)
    ]
    api_host: Annotated[str, _setting("address that the HTTP API listens on", "127.0.0.1")]
    api_port: Annotated[
        int,
        _setting("port of the HTTP API; 0: any that is free", "8000", at_least=0, at_most=65_535),
    ]
    api_connections: Annotated[
        int,
        _setting("most connections to the HTTP API at once", "1000", at_least=10, at_most=100_000),
    ]
    api_connections_per_address: Annotated[
        int,
        _setting("most of them from one address", "250", at_least=10, at_most=100_000),
    ]
    api_proxies: Annotated[
        tuple[str, ...],
        _setting(
            "addresses or networks of proxies whose X-Forwarded-For and -Proto are believed, with commas between",
            read=networks,
        ),
    ]
    evaluator_tokens: Annotated[
        frozenset[str],
        _setting(
            "bearer tokens of evaluation staff, token,…", read=evaluator_tokens, show=mask_tokens
        ),
    ]
    partner_tokens: Annotated[
        Mapping[str, str],
        _setting(
            "bearer tokens of partners, partner:token,…",
            read=partner_tokens,
            show=mask_partner_tokens,
        ),
    ]
    """Token to partner."""
    metrics_tokens: Annotated[
        frozenset[str],
        _setting(
            "bearer tokens that read /metrics and nothing else, token,…; evaluation staff's do, too",
            read=evaluator_tokens,
            show=mask_tokens,
        ),
    ]
    metrics_host: Annotated[
        str, _setting("address that /metrics is given at without a token", "127.0.0.1")
    ]
    metrics_port: Annotated[
        int,
        _setting(
            "port of that address; 0: /metrics is given at the API's address alone",
            "0",
            at_least=0,
            at_most=65_535,
        ),
    ]
    package_sales_end: Annotated[
        int | None,
        _setting(
            "instant from which selling packages is forbidden, RFC 3339; `tuntas migrate`, `up` and `demo` make it the "
            "database's rule, other services compare; not set: as the database has it, the default at first",
            DEFAULT_PACKAGE_SALES_END,
            read=instant,
            unset=None,
        ),
    ]
    """Microseconds since 1970-01-01T00:00:00Z; None: as the database has it."""
    xapi_classes: Annotated[
        Path | None,
        _setting(
            "JSON file that maps activity ids of xAPI statements to class codes, partner by partner; "
            "empty: an activity id that ends in /classes/<class_code> says it",
            read=file,
        ),
    ]
    partners: Annotated[
        frozenset[str],
        _setting(
            "partners whose topics this process reads, partner,…; empty: all of them", read=partners
        ),
    ]
    answers: Annotated[
        Literal["on", "off"],
        _setting(
            "on or off: whether `tuntas project` tells changed answers about purchased classes on "
            "tuntas.answers.<partner>",
            "on",
        ),
    ]
    server_number: Annotated[
        int,
        _setting(
            "number of this PostgreSQL server among several that share the partners; lanes are numbered by it",
            "0",
            at_least=0,
            at_most=MOST_SERVERS - 1,
        ),
    ]
    topic_partitions: Annotated[
        int, _setting("partitions of a topic that Tuntas creates", "6", at_least=1, at_most=1_000)
    ]
    topic_replicas: Annotated[
        int,
        _setting(
            "replicas of a topic that Tuntas creates; 0: the broker's default",
            "0",
            at_least=0,
            at_most=10,
        ),
    ]
    consumer_group: Annotated[
        str, _setting("consumer group that the ingest processes share", "tuntas")
    ]
    batch_records: Annotated[
        int, _setting("most records in one transaction", "5000", at_least=1, at_most=50_000)
    ]
    poll_timeout_ms: Annotated[
        int,
        _setting("longest wait for records, milliseconds", "200", at_least=1, at_most=60_000),
    ]
    cache_participants: Annotated[
        int,
        _setting(
            "participant records that one ingest process keeps in memory, about 6 KB each",
            "30000",
            at_least=0,
            at_most=100_000_000,
        ),
    ]
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        _setting("least important lines that are logged", "info", read=log_level),
    ]

    def __repr__(self) -> str:
        """Nothing of what it holds: there are secrets in it, and it may be met in a traceback."""
        return "Settings(…)"


class Described(Struct, frozen=True):
    """One setting for people: `value` is what is in force, without secrets."""

    name: str
    value: str
    meaning: str
    default: str


class SettingsRefused(Exception):
    """Some settings cannot be used."""

    def __init__(self, problems: list[str]) -> None:
        """Take one sentence a problem; each names its variable, none repeats a secret."""
        super().__init__("\n".join(problems))
        self.problems = problems


class _Definition(Struct, frozen=True):
    field: str
    type: Any
    meta: Meta

    @property
    def name(self) -> str:
        return PREFIX + self.field.upper()

    @property
    def default(self) -> str:
        return str(self._extra["default"])

    @property
    def _extra(self) -> dict[str, Any]:
        return self.meta.extra or {}

    def read(self, text: str | None) -> object:
        """The value of `text`, or of the default where there is none; raises SettingRefused."""
        if not text and self._extra["unset"] is not _DEFAULT:
            return self._extra["unset"]
        text = text or self.default
        read: Callable[[str], object] = self._extra["read"] or partial(_by_type, self.type)
        return read(text)

    def show(self, text: str) -> str:
        show: Callable[[str], str] = self._extra["show"]
        return show(text)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings that `environment` (usually os.environ) gives, defaults for the rest.

    Raises SettingsRefused with every problem at once: unknown TUNTAS_* names (TUNTAS_TEST_* belong
    to the tests and are let through), values that cannot be read, one token for two callers.
    """
    definitions = {definition.name: definition for definition in _definitions()}
    problems = [
        _unknown(name, list(definitions))
        for name in sorted(environment)
        if name.startswith(PREFIX) and not name.startswith(TEST_PREFIX) and name not in definitions
    ]
    values: dict[str, Any] = {}
    for name, definition in definitions.items():
        try:
            values[definition.field] = definition.read(environment.get(name))
        except SettingRefused as refused:
            problems.append(f"{name} {refused}.")
    if not problems:
        problems = [*_disagreements(values), *security_problems(values)]
    if problems:
        raise SettingsRefused(problems)
    return Settings(**values)


def _disagreements(values: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each two settings that cannot both be so."""
    kinds = ("evaluator_tokens", "partner_tokens", "metrics_tokens")
    for one, other in combinations(kinds, 2):
        if set(values[one]) & set(values[other]):
            yield (
                f"{PREFIX}{other.upper()} holds a token of {PREFIX}{one.upper()}; each needs its own."
            )
    if values["metrics_port"] and values["metrics_port"] == values["api_port"]:
        yield f"{PREFIX}METRICS_PORT is the port of the API; it needs its own."


def is_given(environment: Mapping[str, str], field: str) -> bool:
    """Whether the environment sets a field of Settings, and not to nothing."""
    return bool(environment.get(PREFIX + field.upper()))


def described(environment: Mapping[str, str]) -> tuple[Described, ...]:
    """Every setting with the text in force, secrets masked, in the order of Settings."""
    return tuple(
        Described(
            definition.name,
            definition.show(environment.get(definition.name) or definition.default),
            definition.meta.description or "",
            definition.default,
        )
        for definition in _definitions()
    )


def _definitions() -> Iterator[_Definition]:
    for field in msgspec.structs.fields(Settings):
        yield _Definition(field.name, field.type, field.type.__metadata__[0])


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(
        name.removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in known], n=1
    )
    hint = (
        f"did you mean {PREFIX}{near[0]}?" if near else "`tuntas settings` lists those there are."
    )
    return f"{name} is not a setting; {hint}"


def _by_type(wanted: Any, text: str) -> object:
    """A text, a whole number within its bounds, or one of the words of a Literal."""
    try:
        return msgspec.convert(text, wanted, strict=False)
    except msgspec.ValidationError:
        kind, meta = wanted.__origin__, wanted.__metadata__[0]
        words = ", ".join(get_args(kind))
        allowed = f"none of {words}" if words else f"no whole number from {meta.ge} to {meta.le}"
        raise SettingRefused(f"is {text!r}, which is {allowed}") from None
