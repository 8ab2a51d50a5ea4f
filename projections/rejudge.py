"""Brings status rows in line with a catalogue or a package sales end that changed after they were written.

Catalogue events and participants live in different lanes, so a class may be published, or a package become known,
after the rows that depend on it. A pass over one partner: note what changed up to a revision; wait once until no
writer is still judging with an older one; then judge the rows again in pages. Writers that come later judge with
the new catalogue themselves, and a row that they changed meanwhile is left to them (its version is another one). They
may even judge with a newer catalogue than the pass began with, so each page is judged with the newest there is.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, suppress
from typing import Any

from msgspec import Struct

from domain.catalogue import State as Catalogue
from domain.participant import Touched
from projections import catalogue, status
from projections.evidence import REMAINDER, decode
from projections.record import Changes, Rules, changes, judged_row
from projections.sql import load

SQL = load("projections", "rejudge.sql")

CLAIM_KEY = 727_401
"""First half of the advisory lock that a projector holds per partner; rebuilds hold all of them."""

PAGE = 1_000

Transaction = Callable[[], AbstractContextManager[Any]]
"""Opens a transaction and gives its psycopg2 cursor."""


class Rejudged(Struct):
    """What one pass did. ``rows`` counts the class rows that changed, ``purchases`` the purchases looked at again."""

    partner_id: int
    revision: int
    rows: int = 0
    purchases: int = 0


def partners_behind(transaction: Transaction) -> list[int]:
    """The partners whose rows do not all follow their catalogue yet."""
    with transaction() as cursor:
        cursor.execute(SQL["behind"])
        return [partner_id for (partner_id,) in cursor.fetchall()]


def claim(transaction: Transaction, partner_id: int) -> bool:
    """Whether this session now is the one that judges the partner's rows again."""
    with transaction() as cursor:
        cursor.execute(SQL["claim"], {"key": CLAIM_KEY, "partner_id": partner_id})
        return bool(cursor.fetchone()[0])


def release(transaction: Transaction, partner_id: int) -> None:
    """Gives the partner up for other projectors."""
    with transaction() as cursor:
        cursor.execute(SQL["release"], {"key": CLAIM_KEY, "partner_id": partner_id})


def rejudge(transaction: Transaction, partner_id: int) -> Rejudged:
    """One pass over a claimed partner, in transactions of PAGE rows. Blocks on PostgreSQL."""
    with transaction() as cursor:
        revision, sales_end = catalogue.heads(cursor, [partner_id])[partner_id]
        cursor.execute(SQL["changed"], {"partner_id": partner_id, "revision": revision})
        changed = cursor.fetchall()
        rules = Rules(Catalogue(), sales_end)
        catalogue.follow(cursor, partner_id, rules, revision, sales_end)
        status.prepare(cursor)
    with transaction() as cursor:
        cursor.execute(SQL["pass_lanes"], {"partner_id": partner_id})

    done = Rejudged(partner_id, revision)
    by_kind: dict[str, set[str]] = {}
    for kind, code in changed:
        by_kind.setdefault(kind, set()).add(code)
    if packages := by_kind.get("package"):
        done.purchases += _resolve_purchases(transaction, partner_id, packages, rules)
    if "sales_end" in by_kind:
        done.purchases += _rejudge_purchases(transaction, partner_id, rules)
    for class_code in sorted(by_kind.get("class", ())):
        done.rows += _rejudge_class(transaction, partner_id, class_code, rules)
    with transaction() as cursor:
        cursor.execute(SQL["applied"], {"partner_id": partner_id, "revision": revision})
    return done


def _rejudge_class(transaction: Transaction, partner_id: int, class_code: str, rules: Rules) -> int:
    count = 0
    after = ""
    while True:
        into = Changes()
        with transaction() as cursor:
            page = _page_of_class(cursor, partner_id, class_code, after)
            _keep_up(cursor, partner_id, rules)
            for participant_id, version, *columns, evidence in page:
                row = judged_row(participant_id, class_code, decode(evidence), rules)
                row.expected = version
                judged = [row.purchase, row.completion, row.assessment, row.flags, row.satisfied]
                if judged != columns:
                    into.classes.append(row)
            status.write_unless_newer(cursor, {partner_id: into})
        count += len(into.classes)
        if len(page) < PAGE:
            return count
        after = page[-1][0]


def _resolve_purchases(
    transaction: Transaction, partner_id: int, packages: AbstractSet[str], rules: Rules
) -> int:
    """Moves purchases of ``packages`` from remainder rows to the rows of their classes, withdrawn ones as well."""
    count = 0
    after = ""
    while True:
        with transaction() as cursor:
            page = _page_of_class(cursor, partner_id, REMAINDER, after)
        purchases = [
            (purchase.purchase_id, participant_id)
            for participant_id, *_, evidence in page
            for purchase in decode(evidence).purchases
            if any(
                paid.class_codes is None and paid.package_code in packages for paid in purchase.paid
            )
        ]
        if purchases:
            _rewrite(transaction, partner_id, purchases, rules)
        count += len(purchases)
        if len(page) < PAGE:
            return count
        after = page[-1][0]


def _rejudge_purchases(transaction: Transaction, partner_id: int, rules: Rules) -> int:
    count = 0
    after = ("", "")
    while True:
        with transaction() as cursor:
            cursor.execute(
                SQL["package_purchases"],
                {
                    "partner_id": partner_id,
                    "after_purchase": after[0],
                    "after_participant": after[1],
                    "limit": PAGE,
                },
            )
            page = cursor.fetchall()
        if page:
            _rewrite(transaction, partner_id, page, rules)
        count += len(page)
        if len(page) < PAGE:
            return count
        after = page[-1]


def _page_of_class(cursor: Any, partner_id: int, class_code: str, after: str) -> list[Any]:
    cursor.execute(
        SQL["rows_of_class"],
        {"partner_id": partner_id, "class_code": class_code, "after": after, "limit": PAGE},
    )
    rows: list[Any] = cursor.fetchall()
    return rows


def _keep_up(cursor: Any, partner_id: int, rules: Rules) -> None:
    """Makes ``rules`` at least as new as those that any row which was read in this transaction was written with."""
    revision, sales_end = catalogue.heads(cursor, [partner_id])[partner_id]
    if (revision, sales_end) != (rules.revision, rules.package_sales_end):
        catalogue.follow(cursor, partner_id, rules, revision, sales_end)


def _rewrite(
    transaction: Transaction, partner_id: int, purchases: list[tuple[str, str]], rules: Rules
) -> None:
    """Writes the rows of some purchases again, until no writer came between reading and writing."""
    rewritten = False
    while not rewritten:
        with suppress(status.StaleRows), transaction() as cursor:
            records = status.load_records(
                cursor, partner_id, {participant_id for _, participant_id in purchases}
            )
            _keep_up(cursor, partner_id, rules)
            touched: dict[str, list[Touched]] = {}
            for purchase_id, participant_id in purchases:
                if purchase_id in records[participant_id].state.purchases:
                    touched.setdefault(participant_id, []).append(Touched((), (purchase_id,)))
            into = Changes()
            for participant_id, parts in touched.items():
                changes(records[participant_id], parts, rules, into)
            status.write(cursor, status.stage({partner_id: into}))
            rewritten = True
