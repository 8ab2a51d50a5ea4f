"""The rows of a whole participant record that no table holds yet: what `changes` makes of it, with everything touched.

Who knows that there is nothing stored need not look for what an event reaches: each class and each purchase is judged
once.
"""

from operator import attrgetter

from domain.catalogue import State as Catalogue
from domain.participant import PurchaseRecord, State
from projections.evidence import REMAINDER, Evidence
from projections.homes import homes_of
from projections.record import Changes, Record, Rules, judged_row, purchase_row

_purchase_id = attrgetter("purchase_id")


def add_rows(participant_id: str, state: State, rules: Rules, into: Changes) -> None:
    """Adds to ``into`` the rows of all that the state holds."""
    for class_code, purchases in _purchases_by_class(state, rules.catalogue).items():
        if len(purchases) > 1:
            purchases.sort(key=_purchase_id)
        evidence = Evidence(
            state.classes.get(class_code),
            purchases,
            state.voids if class_code == REMAINDER else [],
        )
        into.classes.append(judged_row(participant_id, class_code, evidence, rules))
    if state.purchases:
        record = Record(participant_id, state)
        for purchase in state.purchases.values():
            paid = purchase_row(record, purchase, rules)
            if paid is not None:
                into.purchases.append(paid)


def _purchases_by_class(state: State, catalogue: Catalogue) -> dict[str, list[PurchaseRecord]]:
    """The class codes that have a row, each with the purchases that the row has a copy of."""
    found: dict[str, list[PurchaseRecord]] = {class_code: [] for class_code in state.classes}
    for purchase in state.purchases.values():
        for class_code in homes_of(purchase, catalogue):
            purchases = found.get(class_code)
            if purchases is None:
                found[class_code] = [purchase]
            else:
                purchases.append(purchase)
    if state.voids:
        found.setdefault(REMAINDER, [])
    return found
