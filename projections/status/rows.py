"""From a participant's state to the rows of the status tables: those that a batch touched, or all of them.

This is the pure row change of the status tables: a function of the state and the rules, and of nothing that a table
holds. The intake runs it inside its transaction, the projector when the catalogue changed, the rebuild for everybody.
"""

from collections.abc import Iterable

from domain.answer import judge
from domain.class_evidence import ClassEvidence, Slices, classes_named
from domain.counting import counted
from domain.package_purchase import contents_of, is_refunded, packages_named
from domain.participant import PurchaseRecord, State, Touched
from projections.status.record import (
    ASSESSMENT_NUMBER,
    ATTENDED,
    CERTIFIED,
    COMPLETION_NUMBER,
    PURCHASE_NUMBER,
    Changes,
    ClassRow,
    PurchaseRow,
    Rules,
)


def changes(
    person: int, state: State, touched: Iterable[Touched], rules: Rules, into: Changes
) -> None:
    """Adds to ``into`` the rows that the touched parts of the state now have."""
    class_codes: set[str] = set()
    completions: set[str] = set()
    purchase_ids: set[str] = set()
    for part in touched:
        class_codes.update(part.class_codes)
        purchase_ids.update(part.purchase_ids)
        if part.completion:
            completions.update(part.class_codes)
    slices = Slices(state, rules.catalogue)
    for purchase_id in purchase_ids:
        class_codes |= classes_named(state.purchases[purchase_id], rules.catalogue)
    for class_code in completions:
        purchase_ids |= slices.package_purchases(class_code)
    _add(person, state, slices, class_codes, purchase_ids, rules, into)


def all_rows(person: int, state: State, rules: Rules, into: Changes) -> None:
    """Adds to ``into`` every row that the state has."""
    class_codes = set(state.classes)
    for purchase in state.purchases.values():
        class_codes |= classes_named(purchase, rules.catalogue)
    slices = Slices(state, rules.catalogue)
    _add(person, state, slices, class_codes, state.purchases, rules, into)


def _add(
    person: int,
    state: State,
    slices: Slices,
    class_codes: Iterable[str],
    purchase_ids: Iterable[str],
    rules: Rules,
    into: Changes,
) -> None:
    for class_code in class_codes:
        into.classes.append(class_row(person, class_code, slices.of(class_code), rules))
    for purchase_id in purchase_ids:
        row = purchase_row(person, state, state.purchases[purchase_id], rules)
        if row is not None:
            into.purchases.append(row)


def class_row(person: int, class_code: str, evidence: ClassEvidence, rules: Rules) -> ClassRow:
    """The row of a class from its evidence."""
    answer = judge(class_code, evidence, rules.catalogue, rules.package_sales_end)
    packages = [p.package_code for p in answer.purchases if p.package_code is not None]
    return ClassRow(
        person,
        class_code,
        answer.purchases[0].purchased_at if answer.purchases else None,
        PURCHASE_NUMBER[answer.purchase],
        COMPLETION_NUMBER[answer.completion],
        ASSESSMENT_NUMBER[answer.assessment.state],
        answer.flags
        | (ATTENDED if answer.attended.sessions else 0)
        | (CERTIFIED if answer.certificate_at is not None else 0),
        answer.satisfied,
        None if not packages else packages if len(packages) == 1 else sorted(set(packages)),
        counted(answer),
    )


def purchase_row(
    person: int, state: State, purchase: PurchaseRecord, rules: Rules
) -> PurchaseRow | None:
    """The row of one purchase, or None when it was never paid."""
    if not purchase.paid:
        return None
    withdrawn = state.withdrawn
    packages = packages_named(purchase)
    payment_withdrawn = bool(withdrawn) and any(paid.key in withdrawn for paid in purchase.paid)
    contents = contents_of(purchase, withdrawn, rules.catalogue)
    if contents is None:
        return PurchaseRow(
            person,
            purchase.purchase_id,
            None,
            None,
            False,
            None,
            False,
            True,
            False,
            False,
            0,
            [],
            None,
            sorted(packages) or None,
        )
    package_code = contents.package_code
    missing = contents.missing(state.is_completed)
    packages.discard(package_code or "")
    return PurchaseRow(
        person,
        purchase.purchase_id,
        contents.purchased_at,
        package_code,
        contents.unresolved,
        contents.is_complete(missing),
        package_code is not None and contents.purchased_at >= rules.package_sales_end,
        payment_withdrawn,
        is_refunded(purchase, contents.class_codes, withdrawn),
        contents.amount_differs,
        contents.unallocated,
        # In an order that publishing the package again, listed another way round, does not change.
        sorted(contents.class_codes),
        None if missing is None else sorted(missing),
        sorted(packages) or None,
    )
