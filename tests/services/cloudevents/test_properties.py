"""What holds for any record: decode never raises, and writing an event another way changes nothing."""

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Refusal
from domain.events import PartnerEvent
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents import (
    catalogue_types,
    class_types,
    declaration_types,
    purchase_types,
    wire,
)
from services.cloudevents.decode import decode
from services.cloudevents.encode import encode_binary, encode_structured
from services.cloudevents.examine import examine
from services.cloudevents.identifiers import is_national_id, is_not_one_line
from tests.services.cloudevents.samples import FULL, PARTNER, TYPES, accepted, envelope, read

Headers = list[tuple[str, bytes]]


def identifiers(longest: int = 128) -> st.SearchStrategy[str]:
    plain = st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"])
    return st.text(plain, min_size=1, max_size=longest).filter(
        lambda text: not is_national_id(text)
    )


def lines(longest: int) -> st.SearchStrategy[str]:
    plain = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
    return st.text(plain, min_size=1, max_size=longest).filter(
        lambda text: not is_not_one_line(text)
    )


def texts(shortest: int, longest: int) -> st.SearchStrategy[str]:
    characters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
    return st.text(characters, min_size=shortest, max_size=longest)


def structs(
    shape: type[msgspec.Struct], **fields: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    """Structs whose fields named ``_…`` may be absent too."""
    given_fields = {
        name.removeprefix("_"): field | st.none() if name.startswith("_") else field
        for name, field in fields.items()
    }
    return st.builds(shape, **given_fields)


IDS = identifiers()
RUPIAH = st.integers(0, 10**11)
PRICES = st.integers(0, 10**11 // 4)
COUNTS = st.integers(0, 2**31 - 1)
RATINGS = st.integers(1, 5)
CODES = st.lists(IDS, min_size=1, max_size=4).map(tuple)
UNITS = lines(256) | st.integers(-(2**63), 2**63 - 1)
BY_CLASS: dict[str, st.SearchStrategy[Any]] = {
    "participant_id": IDS,
    "class_code": IDS,
    "_purchase_id": IDS,
}
SCORES = st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=3, max_size=3, unique=True).map(
    lambda three: class_types.ScoreData(min=min(three), raw=sorted(three)[1], max=max(three))
)
ITEMS = st.lists(
    structs(purchase_types.Item, class_code=IDS, _price=PRICES), min_size=1, max_size=4
)

DATA: dict[str, st.SearchStrategy[wire.Data]] = {
    "class.published.v1": structs(
        catalogue_types.ClassPublishedData,
        class_code=IDS,
        title=lines(40),
        institution=identifiers(40),
        _units=COUNTS,
        _move_on=st.sampled_from(["Completed", "Passed", "CompletedOrPassed", "NotApplicable"]),
        _mastery_score=st.floats(0, 1),
    ),
    "package.published.v1": structs(
        catalogue_types.PackagePublishedData, package_code=IDS, title=lines(40), class_codes=CODES
    ),
    "purchase.paid.v1": structs(
        purchase_types.PurchasePaidData,
        purchase_id=IDS,
        participant_id=IDS,
        package_code=IDS,
        _items=ITEMS.map(tuple),
        _amount=RUPIAH,
    ),
    "purchase.refunded.v1": structs(
        purchase_types.PurchaseRefundedData,
        purchase_id=IDS,
        participant_id=IDS,
        _class_codes=CODES,
        _reason=texts(0, 40),
    ),
    "class.redeemed.v1": structs(class_types.ClassRedeemedData, **BY_CLASS, _redeem_code=IDS),
    "class.started.v1": structs(class_types.ClassStartedData, **BY_CLASS),
    "class.attended.v1": structs(
        class_types.ClassAttendedData,
        **BY_CLASS,
        session=st.integers(1, 998),
        _mode=st.sampled_from(["online", "offline"]),
        _minutes=COUNTS,
    ),
    "totals.declared.v1": structs(
        declaration_types.TotalsDeclaredData,
        until=st.just("2020-07-01T00:00:00+07:00"),
        events=COUNTS,
        _purchases=COUNTS,
        _completions=COUNTS,
        _amount=st.integers(0, 2**63 - 1),
    ),
    "class.progressed.v1": structs(
        class_types.ClassProgressedData, **BY_CLASS, percent=st.floats(0, 100), _unit=UNITS
    )
    | structs(class_types.ClassProgressedData, **BY_CLASS, unit=UNITS),
    "class.completed.v1": structs(class_types.ClassCompletedData, **BY_CLASS),
    "class.assessed.v1": structs(
        class_types.ClassAssessedData,
        **BY_CLASS,
        kind=st.sampled_from(["pre_test", "assignment", "post_test", "performance"]),
        _score=SCORES | st.floats(0, 100).map(lambda raw: class_types.ScoreData(raw=raw)),
        _passed=st.booleans(),
        _attempt=COUNTS,
    ),
    "certificate.issued.v1": structs(
        class_types.CertificateIssuedData, **BY_CLASS, certificate_no=identifiers(256)
    ),
    "class.reviewed.v1": structs(
        class_types.ClassReviewedData,
        **BY_CLASS,
        rating=RATINGS,
        _instructor_rating=RATINGS,
        _facility_rating=RATINGS,
        _comment=texts(0, 40),
    ),
    "event.voided.v1": structs(
        class_types.EventVoidedData, participant_id=IDS, target_id=IDS, reason=texts(1, 40)
    ),
}

ATTRIBUTES = st.fixed_dictionaries(
    {
        "id": IDS,
        "source": st.just(f"/partners/{PARTNER}"),
        "time": st.datetimes().map(lambda local: local.isoformat() + "Z"),
    },
    optional={
        "subject": IDS,
        "sequence": identifiers(),
        "recordedtime": st.datetimes().map(lambda local: local.isoformat() + "Z"),
    },
)


@st.composite
def written_events(draw: st.DrawFn) -> tuple[dict[str, str], wire.Data]:
    """Attributes and data of a valid event."""
    name = draw(st.sampled_from(TYPES))
    return {**draw(ATTRIBUTES), "type": TYPE_PREFIX + name}, draw(DATA[name])


def differences(fact: msgspec.Struct, data: wire.Data) -> dict[str, tuple[object, object]]:
    """Fields of the fact that the data names otherwise; where the fact has the data's own fields."""
    return {
        field: (getattr(fact, field), getattr(data, field))
        for field in set(fact.__struct_fields__) & set(data.__struct_fields__)
        if field not in {"class_codes", "items", "move_on", "mastery_score", "until"}
        and getattr(fact, field) != getattr(data, field)
    }


@settings(deadline=None)
@given(written_events())
def test_what_is_written_is_read_again_in_both_modes(
    written: tuple[dict[str, str], wire.Data],
) -> None:
    attributes, data = written
    headers, value = encode_structured(attributes, data)
    event = decode(PARTNER, None, headers, value)
    assert isinstance(event, PartnerEvent), event
    assert (event.event_id, event.sequence) == (attributes["id"], attributes.get("sequence"))
    assert event.unknown_fields == 0
    assert differences(event.fact, data) == {}
    who = getattr(data, "participant_id", None) or getattr(data, "package_code", None)
    assert event.stream[2:] == (who or getattr(data, "class_code", ""))
    assert decode(PARTNER, None, *encode_binary(attributes, data)) == event
    assert decode(PARTNER, b"any key", [], value) == event
    assert examine(PARTNER, headers, value) == event


@settings(deadline=None)
@given(
    written_events(), st.randoms(use_true_random=False), st.sampled_from(["", " ", "\n\t", "\r"])
)
def test_order_and_white_space_and_escapes_do_not_matter(
    written: tuple[dict[str, str], wire.Data], random: Any, space: str
) -> None:
    headers, value = encode_structured(*written)

    def shuffled(tree: object) -> object:
        if isinstance(tree, dict):
            names = list(tree)
            random.shuffle(names)
            return {name: shuffled(tree[name]) for name in names}
        return tree

    separators = (f"{space},{space}", f"{space}:{space}")
    for ascii_only in (True, False):
        text = json.dumps(
            shuffled(json.loads(value)), ensure_ascii=ascii_only, separators=separators
        )
        assert read(f"{space}{text}{space}", *headers) == read(value, *headers)


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["content-type", "Content-Type", "ce_id", "ce_specversion", "ce_type"])
        | st.text(max_size=12),
        st.sampled_from([b"application/json", b"application/cloudevents+json", b"1.0"])
        | st.binary(max_size=12),
    ),
    max_size=5,
)


@settings(deadline=None)
@given(st.sampled_from([PARTNER, ""]), HEADERS, st.none() | st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_sentence(
    partner: str, headers: Headers, value: bytes | None
) -> None:
    refusal = decode(partner, value, headers, value)
    assert isinstance(refusal, Refusal)
    assert refusal.detail.endswith(".")
    assert refusal == examine(partner, headers, value)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON)
def test_any_json_is_refused_with_a_sentence(tree: object) -> None:
    refusal = read(json.dumps(tree))
    assert isinstance(refusal, Refusal)
    assert refusal.detail.endswith(".")


WORTH_TRYING: st.SearchStrategy[Any] = (
    st.sampled_from(["1.0", f"/partners/{PARTNER}", "post_test", "Passed", "3201234567890001"])
    | st.sampled_from(["", "a\n", "\x7f", "\ud800", "2020-06-30T09:15:00", "2020-06-30T09:15:00Z"])
    | st.sampled_from([0, -0.0, 1, 1.5, 2**63 - 1, 2**63, 10**40, 1e300, float("nan"), True, None])
    | st.sampled_from([[], {}, ["a", "a"], [{"class_code": "a"}], {"raw": 7}])
)


@st.composite
def almost_events(draw: st.DrawFn) -> str:
    """The JSON text of an event with some members changed, dropped, added or repeated, data's too."""
    name = draw(st.sampled_from(TYPES))
    data = list(FULL[name].items())
    attributes = list(envelope(name, "DATA", subject="a", sequence="7").items())
    names = st.sampled_from(
        [
            *FULL[name],
            *("zzz", "id", "data_base64", "datacontenttype", "min", "time"),
            *("\udfaa", "\x00", "class_code\ud800"),
        ]
    )
    for _ in range(draw(st.integers(0, 3))):
        members = draw(st.sampled_from([data, attributes]))
        place = draw(st.integers(0, len(members)))
        if draw(st.booleans()) and place < len(members):
            members[place] = (members[place][0], draw(WORTH_TRYING | JSON))
        elif draw(st.booleans()) and place < len(members):
            members.pop(place)
        else:
            named = st.sampled_from([name for name, _ in members] or ["zzz"])
            members.insert(place, (draw(names | named), draw(WORTH_TRYING | JSON)))
    text = written(data, ascii_only=draw(st.booleans()))
    return written(attributes, ascii_only=draw(st.booleans())).replace('"DATA"', text)


def written(members: list[tuple[str, object]], *, ascii_only: bool) -> str:
    texts = (
        f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=ascii_only)}"
        for name, value in members
    )
    return f"{{{', '.join(texts)}}}"


@settings(deadline=None)
@given(almost_events())
def test_the_short_way_and_the_long_way_agree(text: str) -> None:
    value = text.encode("utf-8", "surrogatepass")
    # Compared as texts: 0.0 and -0.0 are equal, and must not be told apart in storage.
    assert repr(decode(PARTNER, None, [], value)) == repr(examine(PARTNER, [], value))


@settings(deadline=None)
@given(almost_events(), st.data())
def test_no_sentence_repeats_a_value(text: str, data: st.DataObject) -> None:
    secret = "Rahasia-8f14e45f"
    place = data.draw(
        st.sampled_from(["e-42", "C-0107", "PRK-000000042", "post_test", "Passed", "1.0"])
    )
    event = read(text.replace(place, secret).encode("utf-8", "surrogatepass"))
    if isinstance(event, Refusal):
        assert secret not in event.detail


def test_the_samples_of_the_properties_are_accepted_unchanged() -> None:
    for name in TYPES:
        text = written(list(envelope(name, FULL[name]).items()), ascii_only=True)
        assert accepted(text).unknown_fields == 0
