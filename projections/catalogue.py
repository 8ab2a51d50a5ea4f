"""The catalogue tables: rules for judging, loaded, followed and written.

Everything runs inside the caller's transaction, on the caller's psycopg2 cursor.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from psycopg2.extras import execute_values

from domain.catalogue import ClassTerms, PackageTerms
from domain.events import ClassPublished, Fact, PackagePublished
from domain.vocabulary import PARTNER_CODES
from projections.copy import timestamp
from projections.record import Rules
from projections.schema import LIVE
from projections.sql import load

SQL = load("projections", "catalogue.sql")

_encode = msgspec.msgpack.Encoder().encode
_decode_classes = msgspec.msgpack.Decoder(list[ClassTerms]).decode
_decode_packages = msgspec.msgpack.Decoder(list[PackageTerms]).decode


def set_package_sales_end(cursor: Any, package_sales_end: int) -> None:
    """Makes the setting (microseconds UTC) the rule for every partner; rows follow by themselves."""
    since = timestamp(package_sales_end)
    cursor.execute(
        SQL["ensure_heads"], {"partner_ids": list(PARTNER_CODES), "package_sales_end": since}
    )
    cursor.execute(SQL["set_sales_end"], {"package_sales_end": since})


def generation_and_heads(
    cursor: Any, partner_ids: Iterable[int]
) -> tuple[int, dict[int, tuple[int, int]]]:
    """The number of the rebuild that is live and, as `heads` gives them, the heads of some partners; one query."""
    cursor.execute(SQL["generation_and_heads"], {"partner_ids": list(partner_ids)})
    rows = cursor.fetchall()
    number: int = rows[0][0]
    return number, {
        partner_id: (revision, end) for _, partner_id, revision, end in rows if partner_id
    }


def heads(
    cursor: Any, partner_ids: Iterable[int], *, lock: bool = False
) -> dict[int, tuple[int, int]]:
    """Partner id to (revision, package sales end). With ``lock`` other catalogue writers wait for this transaction."""
    cursor.execute(SQL["lock_heads" if lock else "heads"], {"partner_ids": list(partner_ids)})
    return {partner_id: (revision, end) for partner_id, revision, end in cursor.fetchall()}


def follow(cursor: Any, partner_id: int, rules: Rules, revision: int, sales_end: int) -> None:
    """Brings ``rules`` up to ``revision``: everything when they are new, else what changed since."""
    if rules.revision == revision and rules.package_sales_end == sales_end:
        return
    for kind, decode, known in (
        ("classes", _decode_classes, rules.catalogue.classes),
        ("packages", _decode_packages, rules.catalogue.packages),
    ):
        since = "_since" if rules.revision else ""
        cursor.execute(SQL[kind + since], {"partner_id": partner_id, "revision": rules.revision})
        for code, published in cursor.fetchall():
            known[code] = decode(published)  # type: ignore[assignment]
    rules.revision = revision
    rules.package_sales_end = sales_end


def write_published(
    cursor: Any, rules: Mapping[int, Rules], published: Mapping[int, Sequence[Fact]]
) -> None:
    """Writes the classes and packages that partners published, as one revision of each; ``rules`` hold them already.

    The caller holds the locks of the partners' heads (`heads`).
    """
    cursor.execute(SQL["add_revisions"], {"partner_ids": list(published)})
    for partner_id, revision in cursor.fetchall():
        rules[partner_id].revision = revision
    classes = {
        (partner_id, fact.class_code)
        for partner_id, facts in published.items()
        for fact in facts
        if isinstance(fact, ClassPublished)
    }
    packages = {
        (partner_id, fact.package_code)
        for partner_id, facts in published.items()
        for fact in facts
        if isinstance(fact, PackagePublished)
    }
    for kind, values, codes in (
        ("class", class_values, classes),
        ("package", package_values, packages),
    ):
        if codes:
            rows = [
                values(partner_id, code, rules[partner_id]) for partner_id, code in sorted(codes)
            ]
            execute_values(cursor, SQL[f"upsert_{kind}"], rows)
            changes = [(row[0], rules[row[0]].revision, kind, row[1]) for row in rows]
            execute_values(cursor, SQL["add_changes"], changes)


def write_all(cursor: Any, schema: str, partner_id: int, rules: Rules) -> None:
    """Writes everything that a partner published, as ``rules`` hold it, into the tables in ``schema``."""
    for kind, values, codes in (
        ("class", class_values, rules.catalogue.classes),
        ("package", package_values, rules.catalogue.packages),
    ):
        statement = SQL[f"upsert_{kind}"].replace(f"{LIVE}.", f"{schema}.")
        rows = [values(partner_id, code, rules) for code in sorted(codes)]
        execute_values(cursor, statement, rows)


def class_values(partner_id: int, class_code: str, rules: Rules) -> tuple[Any, ...]:
    """The row of projections.class."""
    published = rules.catalogue.classes[class_code]
    latest = published[-1]
    return partner_id, class_code, latest.title, latest.institution, _encode(published)


def package_values(partner_id: int, package_code: str, rules: Rules) -> tuple[Any, ...]:
    """The row of projections.package."""
    published = rules.catalogue.packages[package_code]
    latest = published[-1]
    return partner_id, package_code, latest.title, list(latest.class_codes), _encode(published)
