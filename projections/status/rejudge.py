"""Brings status rows in line with a catalogue or a package sales end that changed after they were written.

Catalogue events and participants live in different lanes, so a class may be published, or a package become known or
change, after the rows that depend on it. A pass over one partner: note what changed up to a revision; wait once until
no writer is still judging with an older one; then write the rows again in pages. Writers that come later judge with
the new catalogue themselves. They may even judge with a newer catalogue than the pass began with, so each page is
judged with the newest there is.

Participants are loaded from the ledger. What a class's rule changes is in the class's rows, which are locked before:
whoever changes one meanwhile waits, and writes it afterwards. What a package's classes change is in other rows than
before: all rows of those participants are written, while no writer of the partner is between its lanes' locks and its
commit.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from typing import Any

from msgspec import Struct

from domain.catalogue import State as Catalogue
from domain.class_evidence import Slices
from projections import catalogue
from projections.aggregates import load_records
from projections.status import writing as status
from projections.status.record import Changes, Rules
from projections.status.rows import all_rows, class_row
from projections.storage.cursor import Cursor
from projections.storage.sql import load

SQL = load("projections.status", "rejudge.sql")

CLAIM_KEY = 727_401
"""First half of the advisory lock that a projector holds per partner; rebuilds hold all of them."""

PAGE = 1_000
PARTICIPANTS = 100
"""So many participants are written at once: for that time their partner's lanes wait."""

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
    """One pass over a claimed partner, in transactions of one page. Blocks on PostgreSQL."""
    rules = Rules(Catalogue(), 0)
    with transaction() as cursor:
        _keep_up(cursor, partner_id, rules)
        revision = rules.revision
        cursor.execute(SQL["changed"], {"partner_id": partner_id, "revision": revision})
        changed = cursor.fetchall()
        status.prepare(cursor)
    with transaction() as cursor:
        cursor.execute(SQL["pass_lanes"], {"partner_id": partner_id})

    done = Rejudged(partner_id, revision)
    by_kind: dict[str, set[str]] = {}
    for kind, code in changed:
        by_kind.setdefault(kind, set()).add(code)
    if "sales_end" in by_kind:
        done.purchases += _rewrite_purchases(transaction, partner_id, None, rules)
    elif packages := by_kind.get("package"):
        done.purchases += _rewrite_purchases(transaction, partner_id, packages, rules)
    for class_code in sorted(by_kind.get("class", ())):
        done.rows += _rejudge_class(transaction, partner_id, class_code, rules)
    with transaction() as cursor:
        cursor.execute(SQL["applied"], {"partner_id": partner_id, "revision": revision})
    return done


def _rejudge_class(transaction: Transaction, partner_id: int, class_code: str, rules: Rules) -> int:
    count = 0
    after = 0
    while True:
        into = Changes()
        with transaction() as cursor:
            names = {"partner_id": partner_id, "class_code": class_code, "after": after}
            cursor.execute(SQL["rows_of_class"], names | {"limit": PAGE})
            page = cursor.fetchall()
            _keep_up(cursor, partner_id, rules)
            for start in range(0, len(page), PARTICIPANTS):
                of = page[start : start + PARTICIPANTS]
                known = load_records(cursor, {partner_id: [row[0] for row in of]})[partner_id]
                for person, *columns in of:
                    slices = Slices(known[person].state, rules.catalogue)
                    row = class_row(person, class_code, slices.of(class_code), rules)
                    judged = [
                        *(row.purchase, row.completion, row.assessment),
                        *(row.flags, row.satisfied),
                    ]
                    if judged != columns:
                        into.classes.append(row)
            status.write(cursor, status.stage({partner_id: into}))
        count += len(into.classes)
        if len(page) < PAGE:
            return count
        after = page[-1][0]


def _rewrite_purchases(
    transaction: Transaction, partner_id: int, packages: AbstractSet[str] | None, rules: Rules
) -> int:
    """Writes all rows again of those who bought one of some packages, or any (None); returns how many purchases."""
    count = 0
    for page in _purchases(transaction, partner_id, packages):
        people = _people(page)
        for start in range(0, len(people), PARTICIPANTS):
            _rewrite(transaction, partner_id, people[start : start + PARTICIPANTS], rules)
        count += len(page)
    return count


def buyers_of_packages(
    transaction: Transaction, partner_id: int, packages: AbstractSet[str] | None
) -> Iterator[Sequence[int]]:
    """Those who bought one of some packages, or any (None), some at a time; one who bought more may come again."""
    for page in _purchases(transaction, partner_id, packages):
        yield _people(page)


def _people(page: Sequence[tuple[str, int]]) -> list[int]:
    return sorted({person for _, person in page})


def _purchases(
    transaction: Transaction, partner_id: int, packages: AbstractSet[str] | None
) -> Iterator[Sequence[tuple[str, int]]]:
    """Purchase ids and participants of purchases in which one of some packages, or any (None), has a say, in pages."""
    after: tuple[str, int] = ("", 0)
    name = "package_purchases" if packages is None else "purchases_of_packages"
    while True:
        with transaction() as cursor:
            cursor.execute(
                SQL[name],
                {
                    "partner_id": partner_id,
                    "packages": None if packages is None else sorted(packages),
                    "after_purchase": after[0],
                    "after_person": after[1],
                    "limit": PAGE,
                },
            )
            page = cursor.fetchall()
        yield page
        if len(page) < PAGE:
            return
        after = page[-1]


def _keep_up(cursor: Cursor, partner_id: int, rules: Rules) -> None:
    """Makes ``rules`` at least as new as those that any row which was read in this transaction was written with."""
    catalogue.follow(cursor, partner_id, rules, *catalogue.heads(cursor, [partner_id])[partner_id])


def _rewrite(
    transaction: Transaction, partner_id: int, persons: Collection[int], rules: Rules
) -> None:
    """Writes all rows of some participants again, and removes those that are no longer theirs."""
    with transaction() as cursor:
        cursor.execute(SQL["pass_lanes"], {"partner_id": partner_id})
        _keep_up(cursor, partner_id, rules)
        records = load_records(cursor, {partner_id: persons})[partner_id]
        into = Changes()
        for record in records.values():
            all_rows(record.person, record.state, rules, into)
        status.write(cursor, status.stage({partner_id: into}))
        status.remove_others(cursor, partner_id, persons, into)
