"""What a record weighs: its KiB, or the classes that it reaches."""

from domain.events import (
    EventVoided,
    Fact,
    PackagePublished,
    PurchasePaid,
    PurchaseRefunded,
)
from services.intake.decoding import decoded, pieces
from services.intake.lanes import Lane
from services.intake.weights import HEAVY, REMEMBERED, Weights
from services.kafka.records import AnyRecord, CorruptRecord, Record
from tests.domain.story import event
from tests.services.intake.scripted_log import completed

CODES = tuple(f"C-{number}" for number in range(200))
ITEMS = tuple((code, None) for code in CODES)


def weigh(weights: Weights, fact: Fact, event_id: str = "e") -> int:
    assert type(fact) in HEAVY
    return weights.of_event(event(1, fact, event_id), 1)


def unknown(_partner: str, _package_code: str) -> int:
    return 200


def test_a_usual_record_weighs_1_and_a_large_one_its_kib() -> None:
    lane = Lane(1, "tuntas.partner.pintaria", 0, 4, 1, 0)
    records: list[AnyRecord] = [
        Record(0, b"k", (), completed("e-0", "PRK-1"), held_bytes=300),
        Record(1, b"k", (), completed("e-1", "PRK-1"), held_bytes=256 * 1024),
        CorruptRecord(2, "The batch is damaged.", bytes(64 * 1024)),
    ]
    assert [one.weight for one in decoded(lane, records, Weights(unknown))] == [1, 256, 64]


def test_a_purchase_weighs_what_it_names() -> None:
    weights = Weights(unknown)
    assert weigh(weights, PurchasePaid("I-1", None, (("C-1", 1),))) == 1
    assert weigh(weights, PurchasePaid("I-2", None, ITEMS)) == 200


def test_a_purchase_of_a_package_weighs_what_the_package_has() -> None:
    weights = Weights(lambda _partner, code: 40 if code == "K-CATALOGUE" else 0)
    assert weigh(weights, PurchasePaid("I-1", "K-CATALOGUE")) == 40
    assert weigh(weights, PurchasePaid("I-2", "K-UNKNOWN")) == 1
    weigh(weights, PackagePublished("K-READ", "Paket", CODES))
    assert weigh(weights, PurchasePaid("I-3", "K-READ")) == 200


def test_what_comes_after_a_purchase_weighs_what_the_purchase_has_by_then() -> None:
    weights = Weights(unknown)
    for number in range(10):
        paid = PurchasePaid("I-1", None, ITEMS[number * 20 : number * 20 + 20])
        assert weigh(weights, paid, f"pay-{number}") == 20 * (number + 1)
    assert weigh(weights, PurchaseRefunded("I-1"), "refund") == 200
    assert weigh(weights, EventVoided("pay-9", "wrong")) == 200
    assert weigh(weights, EventVoided("refund", "wrong")) == 200
    assert weigh(weights, EventVoided("other", "wrong")) == 1


def test_what_is_remembered_is_bounded() -> None:
    weights = Weights(unknown)
    for number in range(REMEMBERED):
        weigh(weights, PurchasePaid(f"I-{number}", None, ITEMS[:4]), f"e-{number}")
    assert weigh(weights, PurchaseRefunded("I-0"), "r") == 1


def test_what_is_decoded_at_once_is_bounded_in_records_and_in_bytes() -> None:
    small = [Record(n, b"k", (), b"{}", held_bytes=300) for n in range(50)]
    assert [len(piece) for piece in pieces(small)] == [20, 20, 10]
    large = [Record(n, b"k", (), b"{}", held_bytes=256 * 1024) for n in range(3)]
    assert [len(piece) for piece in pieces([*small[:20], *large])] == [20, 1, 1, 1]
