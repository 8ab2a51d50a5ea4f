"""What the read models hold of a participant record, as values: the rows of the status tables, and what they follow."""

from msgspec import Struct, field

from domain.catalogue import State as Catalogue
from domain.counting import Counted
from domain.participant import State
from domain.vocabulary import ASSESSMENT_STATES, COMPLETION_STATES, PURCHASE_STATES

PURCHASE_NUMBER = {state: number for number, state in enumerate(PURCHASE_STATES)}
COMPLETION_NUMBER = {state: number for number, state in enumerate(COMPLETION_STATES)}
ASSESSMENT_NUMBER = {state: number for number, state in enumerate(ASSESSMENT_STATES)}

ATTENDED = 1 << 8
CERTIFIED = 1 << 9
"""Of a class row's `flags`, beside those that answers show: a meeting was attended, a certificate was issued."""


class Rules(Struct):
    """What the programme and the partner lay down: catalogue and package sales end (microseconds UTC)."""

    catalogue: Catalogue
    package_sales_end: int
    revision: int = 0


class Record(Struct):
    """A participant, by number, and its state. ``in_snapshot``: how many events its stored snapshot has, 0: none."""

    person: int
    state: State = field(default_factory=State)
    in_snapshot: int = 0


class ClassRow(Struct, gc=False):
    """A row of projections.purchased_class. ``counted`` is what evaluations count of it."""

    person: int
    class_code: str
    purchased_at: int | None
    purchase: int
    completion: int
    assessment: int
    flags: int
    satisfied: bool
    package_codes: list[str] | None
    counted: Counted | None = None


class PurchaseRow(Struct, gc=False):
    """A row of projections.purchase. ``purchased_at`` None: every payment was withdrawn.

    ``withdrawn``: a payment was. ``refunded``: the whole was, at once or class by class. ``unallocated``: rupiah paid
    for packages that are not published yet. ``packages``: those with a say in what was bought, beside ``package_code``.
    """

    person: int
    purchase_id: str
    purchased_at: int | None
    package_code: str | None
    unresolved: bool
    complete: bool | None
    after_sales_end: bool
    withdrawn: bool
    refunded: bool
    amount_differs: bool
    unallocated: int
    class_codes: list[str]
    missing: list[str] | None
    packages: list[str] | None


class Changes(Struct):
    """Rows to write."""

    classes: list[ClassRow] = field(default_factory=list)
    purchases: list[PurchaseRow] = field(default_factory=list)
