"""The types by which a partner publishes what it sells: shapes of ``data``, what makes facts of them, examples."""

from typing import Annotated, Final

from msgspec import Meta

from domain.events import CLASS_STREAM, PACKAGE_STREAM, ClassPublished, PackagePublished
from domain.vocabulary import DEFAULT_MASTERY_SCORE, DEFAULT_MOVE_ON
from services.cloudevents.event_type import Built, EventType, Example, each_once
from services.cloudevents.wire import (
    ClassCodes,
    Count,
    Data,
    Identifier,
    MasteryScore,
    MoveOnRule,
    Name,
    Title,
)


class ClassPublishedData(Data, frozen=True, kw_only=True):
    """A class that you sell.

    Of several publications the latest ``time`` stands. One that was wrong, for a time far ahead, say, is withdrawn by
    ``event.voided``; then it is as if it had never been sent.
    """

    class_code: Identifier
    title: Title
    institution: Annotated[Name, Meta(title="the training provider")]
    units: Annotated[Count, Meta(title="how many lessons it has")] | None = None
    move_on: Annotated[MoveOnRule, Meta(title="when it is satisfied")] | None = None
    mastery_score: Annotated[MasteryScore, Meta(title="the scaled score that passes")] | None = None


def class_published(data: ClassPublishedData) -> Built:
    """The class as published, with the defaults of contract section 2 where the partner leaves them out."""
    strings = 6
    if data.units is not None:
        strings += 1
    move_on = data.move_on
    if move_on is None:
        move_on = DEFAULT_MOVE_ON
    else:
        strings += 2
    mastery_score = data.mastery_score
    if mastery_score is None:
        mastery_score = DEFAULT_MASTERY_SCORE
    else:
        strings += 1
    fact = ClassPublished(
        data.class_code,
        data.title,
        data.institution,
        data.units,
        move_on,
        mastery_score + 0.0,
    )
    return CLASS_STREAM + data.class_code, fact, strings


class PackagePublishedData(Data, frozen=True, kw_only=True):
    """A bundle of classes sold as one.

    What a code holds is fixed: the classes of the publication with the earliest ``time``, whichever arrived first; its
    title is that of the latest with these classes. Others are conflicts and do not count. One that arrives behind an
    earlier ``time`` is refused as ``package_conflict``; one that was accepted and turns out to be later stays, and
    both are listed under ``conflicts`` at ``GET /v1/packages/{partner}/{package_code}/evaluation``. If the earliest was
    wrong, withdraw it by ``event.voided``: the earliest of the others counts then, also one that was refused (it may be
    sent again, and is accepted). A class that is listed twice counts once.
    """

    package_code: Identifier
    title: Title
    class_codes: ClassCodes


def package_published(data: PackagePublishedData) -> Built:
    """The package with each of its classes once, in the order given."""
    codes = data.class_codes
    fact = PackagePublished(data.package_code, data.title, each_once(codes))
    return PACKAGE_STREAM + data.package_code, fact, 5 + len(codes)


CATALOGUE_TYPES: Final = (
    EventType(
        ClassPublished,
        ClassPublishedData,
        class_published,
        Example(
            "pm-cat-107",
            "2020-04-11T08:00:00+07:00",
            {
                "class_code": "C-0107",
                "title": "Bahasa Inggris untuk Pengemudi",
                "institution": "Lembaga Contoh",
                "units": 12,
                "move_on": "CompletedAndPassed",
                "mastery_score": 0.6,
            },
        ),
    ),
    EventType(
        PackagePublished,
        PackagePublishedData,
        package_published,
        Example(
            "pm-pkg-1",
            "2020-04-11T08:00:00+07:00",
            {
                "package_code": "K-OJOL",
                "title": "Paket Pengemudi Ojek Daring",
                "class_codes": ["C-0106", "C-0107", "C-0108"],
            },
        ),
    ),
)
"""In the order in which the guide tells of them."""
