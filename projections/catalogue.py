"""The catalogue of each partner: rules for judging, followed by numbered changes, and what readers see of it.

A catalogue is what its changes come to (control.catalogue_change), in their order; writers, the project service, the
rebuild and readers all fold them by `apply`. Everything runs inside the caller's transaction, on the caller's psycopg2
cursor.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from psycopg2.extras import execute_values

from domain import catalogue
from domain.catalogue import Publication, State
from domain.events import ClassPublished, PackagePublished
from domain.vocabulary import PARTNER_CODES
from projections.status.record import Rules
from projections.storage import facts
from projections.storage.copy import timestamp
from projections.storage.cursor import Cursor
from projections.storage.schema import LIVE
from projections.storage.sql import load

SQL = load("projections", "catalogue.sql")

TOPICS: Final = {"class": ClassPublished.topic, "package": PackagePublished.topic}
"""Kind of a change to the topic of the fact in it."""


class Change(Struct, frozen=True):
    """One change: a publication (``accepted``, or refused as a conflict), or with ``fact`` None its withdrawal.

    ``key`` is that of the publication; ``happened`` is its time, or that of the withdrawal (microseconds UTC).
    """

    kind: str
    code: str
    happened: int
    key: int
    accepted: bool
    fact: ClassPublished | PackagePublished | None


def publication(key: int, published: Publication) -> Change:
    """The change that a publication is."""
    fact = published.fact
    if isinstance(fact, ClassPublished):
        return Change("class", fact.class_code, published.happened, key, published.accepted, fact)
    return Change("package", fact.package_code, published.happened, key, published.accepted, fact)


def withdrawal(key: int, withdrawn: Publication, happened: int) -> Change:
    """The change that the withdrawal of a publication is."""
    of = publication(key, withdrawn)
    return Change(of.kind, of.code, happened, key, of.accepted, None)


def apply(state: State, change: Change) -> None:
    """Changes a catalogue by one of its changes."""
    if change.fact is None:
        catalogue.withdraw(state, change.happened, change.key)
    else:
        catalogue.evolve(state, change.happened, change.key, change.fact, accepted=change.accepted)


def change_of(
    kind: str, happened: int, event_key: int, accepted: bool, state: bytes | None
) -> Change:
    """A change as the columns of control.catalogue_change have it."""
    fact: Any = None if state is None else facts.decode(TOPICS[kind], state)
    return Change(kind, "", happened, unsigned(event_key), accepted, fact)


def signed(key: int) -> int:
    """A key as PostgreSQL's bigint has it."""
    return key - (1 << 64) if key >> 63 else key


def unsigned(number: int) -> int:
    """The key that `signed` made the number of."""
    return number & (1 << 64) - 1


def set_package_sales_end(cursor: Cursor, package_sales_end: int) -> None:
    """Makes the setting (microseconds UTC) the rule for every partner; rows follow by themselves."""
    since = timestamp(package_sales_end)
    cursor.execute(
        SQL["ensure_heads"], {"partner_ids": list(PARTNER_CODES), "package_sales_end": since}
    )
    cursor.execute(SQL["set_sales_end"], {"package_sales_end": since})


def heads(
    cursor: Cursor, partner_ids: Iterable[int], *, lock: bool = False
) -> dict[int, tuple[int, int]]:
    """Partner id to (revision, package sales end). With ``lock`` other catalogue writers wait for this transaction."""
    cursor.execute(SQL["lock_heads" if lock else "heads"], {"partner_ids": list(partner_ids)})
    return {partner_id: (revision, end) for partner_id, revision, end in cursor.fetchall()}


def follow(cursor: Cursor, partner_id: int, rules: Rules, revision: int, sales_end: int) -> int:
    """Brings ``rules`` up to ``revision``; returns how many accepted publications were read for that."""
    if rules.revision == revision and rules.package_sales_end == sales_end:
        return 0
    cursor.execute(
        SQL["changes"], {"partner_id": partner_id, "behind": rules.revision, "upto": revision}
    )
    published = 0
    for columns in cursor.fetchall():
        change = change_of(*columns)
        apply(rules.catalogue, change)
        published += change.accepted and change.fact is not None
    rules.revision = revision
    rules.package_sales_end = sales_end
    return published


def early_withdrawals(cursor: Cursor, partner_id: int, keys: Iterable[int]) -> dict[int, int]:
    """Those of the keys whose events were withdrawn before they arrived, with the earliest time of that."""
    names = {"partner_id": partner_id, "target_keys": [signed(key) for key in keys]}
    cursor.execute(SQL["early_withdrawals"], names)
    return {unsigned(key): happened for key, happened in cursor.fetchall()}


def note_early_withdrawals(cursor: Cursor, withdrawals: Mapping[int, Mapping[int, int]]) -> None:
    """Keeps withdrawals of events that nobody knows (yet): partner id to key to the earliest time.

    The caller holds the locks of the partners' heads (`heads`), so that nobody is publishing one of them.
    """
    rows = [
        (partner_id, signed(key), timestamp(happened))
        for partner_id, of_partner in sorted(withdrawals.items())
        for key, happened in sorted(of_partner.items())
    ]
    if rows:
        execute_values(cursor, SQL["add_early_withdrawals"], rows)


def write_changes(
    cursor: Cursor,
    rules: Mapping[int, Rules],
    changed: Mapping[int, Sequence[Change]],
    recorded: int,
) -> None:
    """Writes what changed in partners' catalogues, as one revision of each; ``rules`` have it in them already.

    ``recorded``: when the ledger says that it learnt it (microseconds UTC). The caller holds the locks of the partners'
    heads (`heads`).
    """
    cursor.execute(SQL["add_revisions"], {"partner_ids": list(changed)})
    for partner_id, revision in cursor.fetchall():
        rules[partner_id].revision = revision
    rows = [
        (
            partner_id,
            rules[partner_id].revision,
            number,
            change.kind,
            change.code,
            timestamp(change.happened),
            timestamp(recorded),
            signed(change.key),
            change.accepted,
            None if change.fact is None else facts.encode(change.fact),
        )
        for partner_id, changes in changed.items()
        for number, change in enumerate(changes)
    ]
    execute_values(cursor, SQL["add_changes"], rows)
    for partner_id, changes in changed.items():
        codes: dict[str, set[str]] = {"class": set(), "package": set()}
        for change in changes:
            codes[change.kind].add(change.code)
        _write(cursor, LIVE, partner_id, rules[partner_id].catalogue, codes)


def write_all(cursor: Cursor, schema: str, partner_id: int, rules: Rules) -> None:
    """Writes everything that a partner published, as ``rules`` hold it, into the tables in ``schema``."""
    state = rules.catalogue
    codes = {"class": set(state.classes), "package": set(state.packages)}
    _write(cursor, schema, partner_id, state, codes)


def _write(
    cursor: Cursor, schema: str, partner_id: int, state: State, codes: Mapping[str, Collection[str]]
) -> None:
    """Writes some classes and packages as they stand now."""
    classes: list[tuple[Any, ...]] = []
    for code in sorted(codes["class"]):
        terms = state.terms(code)
        classes.append((partner_id, code, terms.title, terms.institution))
    packages: list[tuple[Any, ...]] = []
    gone: list[str] = []
    for code in sorted(codes["package"]):
        composition = state.composition(code)
        if composition is None:
            gone.append(code)
        else:
            packages.append((partner_id, code, state.package_title(code), list(composition)))
    for name, rows in (("upsert_class", classes), ("upsert_package", packages)):
        if rows:
            execute_values(cursor, _within(schema, name), rows)
    if gone:
        names = {"partner_id": partner_id, "package_codes": gone}
        cursor.execute(_within(schema, "delete_packages"), names)


def _within(schema: str, name: str) -> str:
    return SQL[name].replace(f"{LIVE}.", f"{schema}.")
