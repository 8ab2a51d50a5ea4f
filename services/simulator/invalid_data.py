"""Events whose `data` breaks the contract, one rule each: what to call it, its type, its fields.

The fields are laid over `participant_id` and `class_code`; `...` takes a field away.
"""

from typing import Any, Final

INVALID_DATA: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("percent_as_text", "class.progressed", {"percent": "80"}),
    ("percent_over_100", "class.progressed", {"percent": 120}),
    ("percent_true", "class.progressed", {"percent": True}),
    ("neither_percent_nor_unit", "class.progressed", {}),
    ("class_code_missing", "class.completed", {"class_code": ...}),
    ("class_code_number", "class.completed", {"class_code": 107}),
    ("participant_missing", "class.redeemed", {"participant_id": ...}),
    ("participant_null", "class.redeemed", {"participant_id": None}),
    ("session_missing", "class.attended", {"mode": "online", "minutes": 90}),
    ("session_999", "class.attended", {"session": 999}),
    ("minutes_negative", "class.attended", {"session": 2, "minutes": -5}),
    ("rating_6", "class.reviewed", {"rating": 6}),
    ("rating_half", "class.reviewed", {"rating": 4.5}),
    ("comment_too_long", "class.reviewed", {"rating": 2, "comment": "lama " * 401}),
    ("comment_nul", "class.reviewed", {"rating": 3, "comment": "bagus\x00"}),
    ("kind_unknown", "class.assessed", {"kind": "final_exam"}),
    ("kind_missing", "class.assessed", {"score": {"raw": 70}}),
    ("raw_above_max", "class.assessed", {"kind": "post_test", "score": {"raw": 12, "max": 10}}),
    (
        "range_empty",
        "class.assessed",
        {"kind": "post_test", "score": {"raw": 5, "min": 5, "max": 5}},
    ),
    ("raw_missing", "class.assessed", {"kind": "performance", "score": {"max": 10}}),
    ("passed_as_text", "class.assessed", {"kind": "post_test", "passed": "ya"}),
    ("certificate_no_missing", "certificate.issued", {}),
    ("purchase_of_nothing", "purchase.paid", {"purchase_id": "INV-KOSONG"}),
    (
        "amount_fraction",
        "purchase.paid",
        {"purchase_id": "INV-PECAHAN", "items": [{"class_code": "C-0001"}], "amount": 150_000.5},
    ),
    (
        "item_without_class",
        "purchase.paid",
        {"purchase_id": "INV-TANPA-KELAS", "items": [{"price": 150_000}]},
    ),
    (
        "items_over_200",
        "purchase.paid",
        {
            "purchase_id": "INV-TERLALU-BANYAK",
            "items": [{"class_code": f"C-{number:04}"} for number in range(1, 202)],
        },
    ),
    (
        "refunded_classes_over_200",
        "purchase.refunded",
        {
            "purchase_id": "INV-TERLALU-BANYAK",
            "class_codes": [f"C-{number:04}" for number in range(1, 202)],
        },
    ),
    (
        "package_over_200",
        "package.published",
        {
            "package_code": "K-TERLALU-BESAR",
            "title": "Paket",
            "class_codes": [f"C-{number:04}" for number in range(1, 202)],
        },
    ),
    ("target_missing", "event.voided", {"reason": "salah peserta"}),
)
