"""One participant record beside the rows that hold it: from rows to state, and from a changed state to rows.

This is the pure row change of the status tables. The intake runs it inside its transaction, the projector when the
catalogue changed, the rebuild for everybody.
"""

from collections.abc import Iterable
from operator import attrgetter

from msgspec import Struct, field

from domain.answer import judge, purchased_at, stands
from domain.catalogue import State as Catalogue
from domain.counting import Counted, counted
from domain.participant import ClassRecord, PurchaseRecord, State, Touched
from domain.vocabulary import ASSESSMENT_STATES, COMPLETION_STATES, FLAGS, PURCHASE_STATES
from projections.evidence import REMAINDER, Evidence, decode, encode, version_of
from projections.homes import homes_of, lives_in

PURCHASE_NUMBER = {state: number for number, state in enumerate(PURCHASE_STATES)}
COMPLETION_NUMBER = {state: number for number, state in enumerate(COMPLETION_STATES)}
ASSESSMENT_NUMBER = {state: number for number, state in enumerate(ASSESSMENT_STATES)}
COMPLETED = COMPLETION_NUMBER["completed"]

WITHDRAWN_PAYMENT = 1 << len(FLAGS)
"""A bit of the column ``flags`` beside those of FLAGS: a payment among the row's evidence was withdrawn."""

_purchase_id = attrgetter("purchase_id")


class Rules(Struct):
    """What the programme and the partner lay down: catalogue and package sales end (microseconds UTC)."""

    catalogue: Catalogue
    package_sales_end: int
    revision: int = 0


class ClassRow(Struct, gc=False):
    """A row of projections.purchased_class. ``expected`` is the version that it replaces, 0: none.

    ``purchase_ids`` are the purchases that its evidence has a copy of, ``counted`` is what evaluations count of it.
    """

    participant_id: str
    class_code: str
    expected: int
    version: int
    purchased_at: int | None
    purchase: int
    completion: int
    assessment: int
    flags: int
    satisfied: bool
    package_codes: list[str] | None
    evidence: bytes
    purchase_ids: tuple[str, ...]
    counted: Counted | None = None


class PurchaseRow(Struct, gc=False):
    """A row of projections.purchase."""

    participant_id: str
    purchase_id: str
    purchased_at: int
    package_code: str | None
    unresolved: bool
    complete: bool | None
    after_sales_end: bool
    class_codes: list[str]
    missing: list[str] | None


class Changes(Struct):
    """What to write for a batch.

    ``emptied`` are class rows that no longer hold anything (participant_id, class_code, version that is replaced),
    ``unpaid`` the purchases that nothing says were paid any more (participant_id, purchase_id).
    """

    classes: list[ClassRow] = field(default_factory=list)
    purchases: list[PurchaseRow] = field(default_factory=list)
    emptied: list[tuple[str, str, int]] = field(default_factory=list)
    unpaid: list[tuple[str, str]] = field(default_factory=list)


class Stored(Struct, frozen=True, gc=False):
    """What the tables hold of one class row: its version, its completion, the purchases that it has a copy of."""

    version: int
    completion: int
    purchase_ids: tuple[str, ...]


NOT_STORED = Stored(0, 0, ())


class Record(Struct):
    """A participant's state beside what the tables hold of it, by class code."""

    participant_id: str
    state: State = field(default_factory=State)
    rows: dict[str, Stored] = field(default_factory=dict)

    def load(self, class_code: str, version: int, completion: int, evidence: bytes) -> None:
        """Adds one stored row."""
        held = decode(evidence)
        if held.record is not None:
            self.state.classes[class_code] = held.record
        for purchase in held.purchases:
            self.state.purchases.setdefault(purchase.purchase_id, purchase)
        if held.voids:
            self.state.voids = held.voids
        purchase_ids = tuple([purchase.purchase_id for purchase in held.purchases])
        self.rows[class_code] = Stored(version, completion, purchase_ids)

    def copies_of(self, purchase_id: str) -> set[str]:
        """The class codes of the stored rows that have a copy of the purchase."""
        return {code for code, row in self.rows.items() if purchase_id in row.purchase_ids}


def class_codes_of(
    purchase: PurchaseRecord, catalogue: Catalogue, as_of: int | None = None
) -> tuple[list[str], bool]:
    """The classes that a purchase names, in order, and whether one of its packages is not known (by ``as_of``)."""
    codes: dict[str, None] = {}
    unresolved = False
    for paid in purchase.paid:
        if not stands(paid, as_of):
            continue
        named = paid.class_codes
        if named is None and paid.package_code is not None:
            named = catalogue.composition(paid.package_code, as_of)
            unresolved = unresolved or named is None
        codes.update(dict.fromkeys(named or ()))
    return list(codes), unresolved


def changes(record: Record, touched: Iterable[Touched], rules: Rules, into: Changes) -> None:
    """Adds to ``into`` the rows that the touched parts of the record now have, and notes them as stored."""
    catalogue = rules.catalogue
    state = record.state
    class_codes, purchase_ids = _reached(record, touched, catalogue)
    rows = {code: class_row(record, code, rules) for code in class_codes}

    # A completion, or one less, shows in the row of each package purchase of the class. The rows of its other classes
    # are written with it: their versions are then checked, so that a stale view of any of them is noticed.
    bought: set[str] = set()
    for code, row in rows.items():
        if row is not None and _completes(row, record.rows.get(code, NOT_STORED)):
            bought.update(_package_purchases(state, code, catalogue))
    for purchase_id in bought - purchase_ids:
        for code in homes_of(state.purchases[purchase_id], catalogue) - rows.keys():
            rows[code] = class_row(record, code, rules)
    purchase_ids |= bought

    for code, row in rows.items():
        _note(record, code, row, into)
    for purchase_id in purchase_ids:
        paid = purchase_row(record, state.purchases[purchase_id], rules)
        if paid is None:
            into.unpaid.append((record.participant_id, purchase_id))
        else:
            into.purchases.append(paid)


def _reached(
    record: Record, touched: Iterable[Touched], catalogue: Catalogue
) -> tuple[set[str], set[str]]:
    """The class codes of the rows that hold something touched, and the ids of the purchases touched."""
    state = record.state
    class_codes: set[str] = set()
    purchase_ids: set[str] = set()
    for part in touched:
        class_codes.update(part.class_codes)
        purchase_ids.update(part.purchase_ids)
    if REMAINDER in record.rows:
        # Whoever writes first after a package became known moves its purchases: all copies at once.
        for purchase_id in record.rows[REMAINDER].purchase_ids:
            if homes_of(state.purchases[purchase_id], catalogue) != record.copies_of(purchase_id):
                purchase_ids.add(purchase_id)
    if state.voids:
        class_codes.add(REMAINDER)
    for purchase_id in purchase_ids:
        class_codes |= homes_of(state.purchases[purchase_id], catalogue)
        class_codes |= record.copies_of(purchase_id)
    return class_codes, purchase_ids


def class_row(record: Record, class_code: str, rules: Rules) -> ClassRow | None:
    """The row of one class as the state has it now, or None when there is nothing to hold."""
    state = record.state
    purchases = [
        purchase
        for purchase in state.purchases.values()
        if lives_in(purchase, class_code, rules.catalogue)
    ]
    if len(purchases) > 1:
        purchases.sort(key=_purchase_id)
    voids = state.voids if class_code == REMAINDER else []
    evidence = Evidence(state.classes.get(class_code), purchases, voids)
    if evidence.is_empty():
        return None
    row = judged_row(record.participant_id, class_code, evidence, rules)
    row.expected = record.rows.get(class_code, NOT_STORED).version
    return row


def judged_row(participant_id: str, class_code: str, evidence: Evidence, rules: Rules) -> ClassRow:
    """The row of a class from its evidence alone."""
    held = tuple([purchase.purchase_id for purchase in evidence.purchases])
    encoded = encode(evidence)
    version = version_of(encoded)
    withdrawn = _withdrawn_payment(evidence.purchases)
    if class_code == REMAINDER:
        return ClassRow(
            participant_id,
            REMAINDER,
            0,
            version,
            None,
            0,
            0,
            0,
            withdrawn,
            False,
            None,
            encoded,
            held,
        )
    answer = judge(
        class_code, evidence.record, evidence.purchases, rules.catalogue, rules.package_sales_end
    )
    packages = [p.package_code for p in answer.purchases if p.package_code is not None]
    return ClassRow(
        participant_id,
        class_code,
        0,
        version,
        answer.purchases[0].purchased_at if answer.purchases else None,
        PURCHASE_NUMBER[answer.purchase],
        COMPLETION_NUMBER[answer.completion],
        ASSESSMENT_NUMBER[answer.assessment.state],
        answer.flags | withdrawn,
        answer.satisfied,
        None if not packages else packages if len(packages) == 1 else sorted(set(packages)),
        encoded,
        held,
        counted(answer),
    )


def _withdrawn_payment(purchases: list[PurchaseRecord]) -> int:
    for purchase in purchases:
        for paid in purchase.paid:
            if paid.voided_at is not None:
                return WITHDRAWN_PAYMENT
    return 0


def purchase_row(record: Record, purchase: PurchaseRecord, rules: Rules) -> PurchaseRow | None:
    """The row of one purchase, or None when nothing says it was paid."""
    since = purchased_at(purchase)
    if since is None:
        return None
    codes, unresolved = class_codes_of(purchase, rules.catalogue)
    package_code = package_code_of(purchase)
    missing: list[str] | None = None
    if package_code is not None:
        missing = [code for code in codes if not _is_completed(record.state.classes.get(code))]
    return PurchaseRow(
        record.participant_id,
        purchase.purchase_id,
        since,
        package_code,
        unresolved,
        None if missing is None else not missing and not unresolved,
        package_code is not None and since >= rules.package_sales_end,
        # In an order that publishing the package again, listed another way round, does not change.
        sorted(codes),
        None if missing is None else sorted(missing),
    )


def package_code_of(purchase: PurchaseRecord, as_of: int | None = None) -> str | None:
    """The package that was bought: of the earliest standing payment that names one; None: single classes."""
    for paid in purchase.paid:
        if paid.package_code is not None and stands(paid, as_of):
            return paid.package_code
    return None


def _is_completed(evidence: ClassRecord | None) -> bool:
    return evidence is not None and any(mark.voided_at is None for mark in evidence.completed)


def _completes(row: ClassRow, stored: Stored) -> bool:
    """Whether the row has a completion and the stored one has not, or the other way round."""
    return (row.completion == COMPLETED) is not (stored.completion == COMPLETED)


def _package_purchases(state: State, class_code: str, catalogue: Catalogue) -> list[str]:
    return [
        purchase_id
        for purchase_id, purchase in state.purchases.items()
        if package_code_of(purchase) is not None and lives_in(purchase, class_code, catalogue)
    ]


def _note(record: Record, class_code: str, row: ClassRow | None, into: Changes) -> None:
    if row is not None:
        into.classes.append(row)
        record.rows[class_code] = Stored(row.version, row.completion, row.purchase_ids)
    elif class_code in record.rows:
        stored = record.rows.pop(class_code)
        into.emptied.append((record.participant_id, class_code, stored.version))
