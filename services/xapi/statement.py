"""The statement as types: what xAPI's data rules allow where.

Source: xAPI 1.0.3, part two "Experience API Data" (https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md), and
IEEE 9274.1.1-2023 (xAPI 2.0), which allows `contextAgents` and `contextGroups` and wants timestamps in RFC 3339.
Nothing may be null (2.2, Formatting Requirements) but inside extensions, and nothing may have a property that is not
named here. What types cannot say is in services.xapi.rules.
"""

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

UUID_PATTERN: Final = (
    r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"
)

Uuid = Annotated[str, Meta(pattern=UUID_PATTERN)]
Iri = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+$")]
"""An IRI with its scheme (RFC 3987)."""
LanguageTag = Annotated[str, Meta(pattern=r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$")]
"""RFC 5646, by its outer form."""
LanguageMap = dict[LanguageTag, str]
Extensions = dict[Iri, Any]
Mailbox = Annotated[str, Meta(pattern=r"^mailto:[^@\s]+@[^@\s]+$")]
Sha1 = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{40}$")]
Sha2 = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{56,128}$")]
Duration = Annotated[
    str,
    Meta(
        pattern=r"^P(?=.)(\d+(\.\d+)?W|(\d+(\.\d+)?Y)?(\d+(\.\d+)?M)?(\d+(\.\d+)?D)?"
        r"(T(?=\d)(\d+(\.\d+)?H)?(\d+(\.\d+)?M)?(\d+(\.\d+)?S)?)?)$"
    ),
]
"""ISO 8601."""
Scaled = Annotated[float, Meta(ge=-1, le=1)]


class Shape(Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """A JSON object with these properties and no other; what may be left out is UNSET."""


class Account(Shape, frozen=True, kw_only=True, rename="camel"):
    home_page: Iri
    name: str


class Actor(Shape, frozen=True, kw_only=True, rename="camel"):
    """An Agent or a Group (2.4.2); ``member`` is a Group's."""

    object_type: Literal["Agent", "Group"] | UnsetType = UNSET
    name: str | UnsetType = UNSET
    mbox: Mailbox | UnsetType = UNSET
    mbox_sha1sum: Sha1 | UnsetType = field(name="mbox_sha1sum", default=UNSET)
    openid: Iri | UnsetType = UNSET
    account: Account | UnsetType = UNSET
    member: "tuple[Actor, ...] | UnsetType" = UNSET


class Verb(Shape, frozen=True, kw_only=True):
    id: Iri
    display: LanguageMap | UnsetType = UNSET


class InteractionComponent(Shape, frozen=True, kw_only=True):
    id: str
    description: LanguageMap | UnsetType = UNSET


Components = tuple[InteractionComponent, ...]
InteractionType = Literal[
    "true-false",
    "choice",
    "fill-in",
    "long-fill-in",
    "matching",
    "performance",
    "sequencing",
    "likert",
    "numeric",
    "other",
]


class Definition(Shape, frozen=True, kw_only=True, rename="camel"):
    """What an activity is (2.4.4.1)."""

    name: LanguageMap | UnsetType = UNSET
    description: LanguageMap | UnsetType = UNSET
    type: Iri | UnsetType = UNSET
    more_info: Iri | UnsetType = UNSET
    extensions: Extensions | UnsetType = UNSET
    interaction_type: InteractionType | UnsetType = UNSET
    correct_responses_pattern: tuple[str, ...] | UnsetType = UNSET
    choices: Components | UnsetType = UNSET
    scale: Components | UnsetType = UNSET
    source: Components | UnsetType = UNSET
    target: Components | UnsetType = UNSET
    steps: Components | UnsetType = UNSET


class Activity(Shape, frozen=True, kw_only=True, rename="camel"):
    object_type: Literal["Activity"] | UnsetType = UNSET
    id: Iri
    definition: Definition | UnsetType = UNSET


class StatementRef(Shape, frozen=True, kw_only=True, rename="camel"):
    object_type: Literal["StatementRef"]
    id: Uuid


class Score(Shape, frozen=True, kw_only=True):
    scaled: Scaled | UnsetType = UNSET
    raw: float | UnsetType = UNSET
    min: float | UnsetType = UNSET
    max: float | UnsetType = UNSET


class Result(Shape, frozen=True, kw_only=True):
    score: Score | UnsetType = UNSET
    success: bool | UnsetType = UNSET
    completion: bool | UnsetType = UNSET
    response: str | UnsetType = UNSET
    duration: Duration | UnsetType = UNSET
    extensions: Extensions | UnsetType = UNSET


class ContextActivities(Shape, frozen=True, kw_only=True):
    """Each an Activity or a list of them."""

    parent: Activity | tuple[Activity, ...] | UnsetType = UNSET
    grouping: Activity | tuple[Activity, ...] | UnsetType = UNSET
    category: Activity | tuple[Activity, ...] | UnsetType = UNSET
    other: Activity | tuple[Activity, ...] | UnsetType = UNSET


class ContextAgent(Shape, frozen=True, kw_only=True, rename="camel"):
    """xAPI 2.0."""

    object_type: Literal["contextAgent"]
    agent: Actor
    relevant_types: Annotated[tuple[Iri, ...], Meta(min_length=1)] | UnsetType = UNSET


class ContextGroup(Shape, frozen=True, kw_only=True, rename="camel"):
    """xAPI 2.0."""

    object_type: Literal["contextGroup"]
    group: Actor
    relevant_types: Annotated[tuple[Iri, ...], Meta(min_length=1)] | UnsetType = UNSET


class Context(Shape, frozen=True, kw_only=True, rename="camel"):
    registration: Uuid | UnsetType = UNSET
    instructor: Actor | UnsetType = UNSET
    team: Actor | UnsetType = UNSET
    context_activities: ContextActivities | UnsetType = UNSET
    context_agents: tuple[ContextAgent, ...] | UnsetType = UNSET
    context_groups: tuple[ContextGroup, ...] | UnsetType = UNSET
    revision: str | UnsetType = UNSET
    platform: str | UnsetType = UNSET
    language: LanguageTag | UnsetType = UNSET
    statement: StatementRef | UnsetType = UNSET
    extensions: Extensions | UnsetType = UNSET


class Attachment(Shape, frozen=True, kw_only=True, rename="camel"):
    usage_type: Iri
    display: LanguageMap
    description: LanguageMap | UnsetType = UNSET
    content_type: str
    length: Annotated[int, Meta(ge=0)]
    sha2: Sha2
    file_url: Iri | UnsetType = UNSET


class Statement(Shape, frozen=True, kw_only=True):
    """``object`` is read by what its own ``objectType`` says (services.xapi.rules)."""

    id: Uuid
    actor: Actor
    verb: Verb
    object: dict[str, Any]
    result: Result | UnsetType = UNSET
    context: Context | UnsetType = UNSET
    timestamp: str
    stored: str | UnsetType = UNSET
    authority: Actor | UnsetType = UNSET
    version: Annotated[str, Meta(pattern=r"^(1\.0(\.\d+)?|2\.0(\.\d+)?)$")] | UnsetType = UNSET
    attachments: tuple[Attachment, ...] | UnsetType = UNSET


class SubStatement(Shape, frozen=True, kw_only=True, rename="camel"):
    """A statement within a statement: without id, stored, version and authority (2.4.4.3)."""

    object_type: Literal["SubStatement"]
    actor: Actor
    verb: Verb
    object: dict[str, Any]
    result: Result | UnsetType = UNSET
    context: Context | UnsetType = UNSET
    timestamp: str | UnsetType = UNSET
    attachments: tuple[Attachment, ...] | UnsetType = UNSET
