"""The events that publish the catalogue, and those that publish some of it anew."""

from typing import Final, Literal

from services.simulator.catalogue import MASTERY, Package, Shop, TrainingClass
from services.simulator.chance import Chance
from services.simulator.instants import DAY, HOUR, SECOND, instant
from services.simulator.partners import Partner
from services.simulator.record import Draft, EventIds

MOVE_ON: Final = (
    (0.55, "CompletedAndPassed"),
    (0.15, "Completed"),
    (0.12, "Passed"),
    (0.12, "CompletedOrPassed"),
    (0.06, "NotApplicable"),
)

_MISTAKEN: Final = 9
"""One class in so many is published once by mistake, and that is withdrawn."""


def catalogue_drafts(chance: Chance, shops: list[Shop], ids: EventIds) -> list[Draft]:
    """The events of all that the shops sell, in no order of time."""
    drafts = []
    for shop in shops:
        for training_class in shop.classes:
            drafts += _class_drafts(chance, shop.partner, training_class, ids)
        for number, training_class in enumerate(shop.classes):
            if number % _MISTAKEN == 1 and training_class.published_at is not None:
                drafts += _mistaken_drafts(shop.partner, training_class, number, ids)
        for package in shop.packages:
            drafts += _package_drafts(chance, shop.partner, package, ids)
    return drafts


def _class_drafts(
    chance: Chance, partner: Partner, training_class: TrainingClass, ids: EventIds
) -> list[Draft]:
    if training_class.published_at is None:
        return []
    data: dict[str, object] = {
        "class_code": training_class.class_code,
        "title": training_class.title,
        "institution": training_class.institution,
    }
    if chance.happens(0.8):
        data["units"] = training_class.units
    if chance.happens(0.6):
        data["move_on"] = chance.weighted(MOVE_ON)
    if training_class.mastery_score != 0.6 or chance.happens(0.2):
        data["mastery_score"] = training_class.mastery_score
    first = _published(partner, "class", training_class.published_at, data, ids, "class_published")
    if not chance.happens(0.12):
        return [first]
    changed = {**data, "mastery_score": chance.pick(MASTERY), "move_on": chance.weighted(MOVE_ON)}
    later = training_class.published_at + int(chance.between(20, 200) * DAY)
    again = _published(partner, "class", later, changed, ids, "class_republished")
    if chance.happens(0.3):
        # The older rule arrives last and must not stand.
        first.sent = again.sent + DAY
        first.shape = "class_published_overtaken"
    return [first, again]


def _mistaken_drafts(
    partner: Partner, training_class: TrainingClass, number: int, ids: EventIds
) -> list[Draft]:
    """A publication that is wrong and the latest, and its withdrawal; every other time that is sent first."""
    assert training_class.published_at is not None  # noqa: S101 - the caller looked
    data: dict[str, object] = {
        "class_code": training_class.class_code,
        "title": f"{training_class.title} (salah)",
        "institution": "Lembaga Salah",
        "move_on": "NotApplicable",
    }
    happened = training_class.published_at + 220 * DAY
    wrong = _published(partner, "class", happened, data, ids, "class_published_by_mistake")
    before = number % (2 * _MISTAKEN) == 1
    void = Draft(
        partner=partner,
        key=training_class.class_code,
        type="id.tuntas.event.voided.v1",
        event_id=ids.next(partner, "v"),
        happened=wrong.happened + HOUR,
        sent=wrong.sent - DAY if before else wrong.sent + 2 * DAY,
        data={
            "participant_id": training_class.class_code,
            "target_id": wrong.event_id,
            "reason": "salah lembaga",
        },
        shape="void_of_publication",
    )
    return [wrong, void]


def _package_drafts(
    chance: Chance, partner: Partner, package: Package, ids: EventIds
) -> list[Draft]:
    if package.published_at is None:
        return []
    data: dict[str, object] = {
        "package_code": package.package_code,
        "title": package.title,
        "class_codes": [each.class_code for each in package.classes],
    }
    shape = "package_published"
    if package.published_at > instant(2020, 5, 1):
        shape = "package_published_late"
    first = _published(partner, "package", package.published_at, data, ids, shape)
    if not chance.happens(0.1):
        return [first]
    again = {**data, "title": f"{package.title} (edisi baru)"}
    later = package.published_at + 30 * DAY
    return [first, _published(partner, "package", later, again, ids, "package_republished")]


def _published(
    partner: Partner,
    what: Literal["class", "package"],
    happened: int,
    data: dict[str, object],
    ids: EventIds,
    shape: str,
) -> Draft:
    happened -= happened % SECOND
    return Draft(
        partner=partner,
        key=str(data[f"{what}_code"]),
        type=f"id.tuntas.{what}.published.v1",
        event_id=ids.next(partner),
        happened=happened,
        sent=happened + HOUR,
        data=data,
        shape=shape,
    )
