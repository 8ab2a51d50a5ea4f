"""What the API's own reading says, beside what the oracle expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from domain.vocabulary import ANSWER_TOPIC_PREFIX, PARTNER_IDS
from projections.reading import evaluations, package_purchases, purchased_classes, purchases
from projections.reading.catalogue import CatalogueCache, Known, version
from projections.reading.class_filter import Filter
from projections.reading.session import Session
from services.simulator.expected import Expected
from tests.end_to_end.proof import PACKAGE_KEY, differing, near, spoken_of

LATER: Final = datetime.fromisoformat("2020-12-31T23:59:59+07:00")
"""When evaluations are asked for: how old a silence is follows from it."""
NOW: Final = round(LATER.timestamp()) * 1_000_000
ROWS: Final = 1_000

Item = dict[str, Any]


async def check_person(
    session: Session, catalogue: CatalogueCache, expected: Expected, participant_id: str
) -> None:
    """One person's classes, bought and not bought, are those expected."""
    found = []
    for purchase in (None, "none"):
        wanted = Filter(purchase=purchase)
        found += await purchased_classes.of_participant(
            session, catalogue, participant_id, wanted, None
        )
    key = ("partner", "class_code")
    differing(
        {tuple(item[name] for name in key): item for item in map(shown, found)},
        {
            tuple(item[name] for name in key): item
            for item in expected.purchased_classes
            if item["participant_id"] == participant_id
        },
    )


async def check_everything(session: Session, expected: Expected, people: Iterable[str]) -> None:
    """Every class, purchase, package purchase and evaluation is the one expected, and ``people`` have no others."""
    catalogue = CatalogueCache()
    known = await catalogue.at_least(session, await version(session))
    for participant_id in people:
        await check_person(session, catalogue, expected, participant_id)
    await _check_purchases(session, catalogue, expected)
    await _check_packages(session, known, expected)
    await _check_evaluations(session, known, expected)


def check_told(found: Mapping[tuple[str, str], Item], expected: Expected) -> None:
    """Who reads the topics of answers knows of each purchased class what the API says; by topic and key."""
    wanted = {
        (
            ANSWER_TOPIC_PREFIX + item["partner"],
            f"{item['participant_id']}/{item['class_code']}",
        ): item
        for item in expected.purchased_classes
        if item["purchase"] != "none"
    }
    without_links = {key: shown(item) for key, item in found.items()}
    differing(without_links, wanted)


def shown(answer: Any) -> Item:
    """An answer as the API sends it, without the links in it."""
    item: Item = msgspec.json.decode(msgspec.json.encode(answer))
    return {name: value for name, value in item.items() if name != "history"}


async def _check_purchases(session: Session, catalogue: CatalogueCache, expected: Expected) -> None:
    found, wanted = {}, {}
    for purchase in expected.purchases:
        partner, purchase_id = purchase["partner"], purchase["purchase_id"]
        answer = await purchases.one(session, catalogue, PARTNER_IDS[partner], purchase_id, None)
        item = shown(answer)
        item["classes"] = [
            {name: value for name, value in of.items() if name != "history"}
            for of in item["classes"]
        ]
        found[partner, purchase_id] = spoken_of(item, purchase)
        wanted[partner, purchase_id] = purchase
    differing(found, wanted)


async def _check_packages(session: Session, known: Known, expected: Expected) -> None:
    found: dict[Any, Item] = {}
    wanted = {
        tuple(item[name] for name in PACKAGE_KEY): item for item in expected.package_purchases
    }
    narrowed = package_purchases.Filter(partner_ids=tuple(PARTNER_IDS.values()))
    async for page in package_purchases.pages(session, known, narrowed, None, None, ROWS):
        for item in [shown(each[-1]) for each in page.items]:
            item["class_codes"] = [of["class_code"] for of in item["classes"]]
            name = tuple(item[name] for name in PACKAGE_KEY)
            found[name] = spoken_of(item, wanted[name]) if name in wanted else item
    differing(found, wanted)


async def _check_evaluations(session: Session, known: Known, expected: Expected) -> None:
    found, wanted = {}, {}
    everybody = tuple(PARTNER_IDS.values())
    for kind, told in expected.evaluations.items():
        for each in told:
            at = PARTNER_IDS.get(each.get("partner", ""), 0)
            if kind == "classes":
                answer: Any = await evaluations.of_class(
                    session, known, at, each["class_code"], None, NOW
                )
            elif kind == "packages":
                answer = await evaluations.of_package(
                    session, known, at, each["package_code"], None, NOW
                )
            elif kind == "institutions":
                answer = await evaluations.of_institution(
                    session, known, everybody, each["institution"], None, NOW
                )
            else:
                answer = await evaluations.of_partner(session, known, at, None, NOW)
            item = shown(answer)
            if kind == "institutions":
                item["partners"] = [p for p in item["partners"] if p in each["partners"]]
            place = (
                kind,
                *[
                    str(each.get(name))
                    for name in ("partner", "institution", "class_code", "package_code")
                ],
            )
            found[place] = spoken_of(item, each)
            wanted[place] = near(each)
    differing(found, wanted)
