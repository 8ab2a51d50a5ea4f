"""What xAPI's data rules forbid beyond the types of a statement: sentences that say what to correct.

They name places of the statement, never what stands there: an actor is a person. Section numbers are those of xAPI
1.0.3, part two.
"""

from collections.abc import Iterator
from math import inf
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from domain.telling import tell
from services.cloudevents import time
from services.cloudevents.identifiers import is_not_text
from services.cloudevents.json_text import Repeated
from services.xapi.statement import (
    Activity,
    Actor,
    Context,
    Definition,
    Result,
    Score,
    Statement,
    StatementRef,
    SubStatement,
)

VOIDED: Final = "http://adlnet.gov/expapi/verbs/voided"

_IDENTIFIERS: Final = ("mbox", "mbox_sha1sum", "openid", "account")
_COMPONENTS: Final = (
    "correct_responses_pattern",
    "choices",
    "scale",
    "source",
    "target",
    "steps",
)

Object = Activity | Actor | StatementRef | SubStatement


def text_faults(tree: object, path: str = "") -> Iterator[str]:
    """What no statement may hold anywhere: a name twice, null (but within extensions), what is no text."""
    where = f"`{path}`" if path else tell("the statement")
    if isinstance(tree, Repeated):
        yield tell("A property is named twice in %(where)s: name each once.", where=where)
    if isinstance(tree, dict):
        for name, value in tree.items():
            if is_not_text(name):
                yield tell(
                    "A property's name in %(where)s holds NUL or half of a surrogate pair.",
                    where=where,
                )
            if value is None and "extensions" not in path.split("."):
                yield tell("A property of %(where)s is null: leave it out (xAPI 2.2).", where=where)
            # A name that is none of xAPI's may say who somebody is.
            known = name if name.isidentifier() and name.isascii() else "…"
            yield from text_faults(value, f"{path}.{known}" if path else known)
    elif isinstance(tree, list):
        for item in tree:
            yield from text_faults(item, path)
    elif isinstance(tree, str) and is_not_text(tree):
        yield tell("%(where)s holds NUL or half of a surrogate pair: leave it out.", where=where)


def statement_faults(statement: Statement, target: Object, version: str) -> Iterator[str]:
    """What is wrong with a statement of the right types. ``target`` is its object, ``version`` the header's."""
    yield from _time_faults(statement.timestamp, "timestamp")
    yield from _time_faults(statement.stored, "stored")
    if statement.verb.id == VOIDED and not isinstance(target, StatementRef):
        yield tell("`object` of a voiding statement must be a StatementRef (xAPI 2.3.2).")
    authority = statement.authority
    if isinstance(authority, Actor):
        yield from _actor_faults(authority, "authority")
        if authority.object_type == "Group" and len(_members(authority)) != 2:
            yield tell("`authority` that is a Group must have two members (xAPI 2.4.9).")
    yield from _part_faults(statement, target, version, "")


def _part_faults(
    part: Statement | SubStatement, target: Object, version: str, path: str
) -> Iterator[str]:
    """What a statement and a SubStatement have in common."""
    yield from _actor_faults(part.actor, f"{path}actor")
    if isinstance(part.result, Result) and isinstance(part.result.score, Score):
        yield from _score_faults(part.result.score, f"{path}result.score")
    if isinstance(part.context, Context):
        yield from _context_faults(part.context, target, version, f"{path}context")
    match target:
        case Activity() if isinstance(target.definition, Definition):
            yield from _definition_faults(target.definition, f"{path}object.definition")
        case Actor():
            yield from _actor_faults(target, f"{path}object")
        case SubStatement():
            yield from _time_faults(target.timestamp, f"{path}object.timestamp")
            inner = read_object(target.object)
            if isinstance(inner, str | SubStatement):
                yield tell(
                    "`%(path)s` must be an Activity, Agent, Group or StatementRef (xAPI 2.4.4.3).",
                    path=path + "object.object",
                )
            else:
                yield from _part_faults(target, inner, version, f"{path}object.")
        case _:
            pass


def _score_faults(score: Score, path: str) -> Iterator[str]:
    low = -inf if isinstance(score.min, UnsetType) else score.min
    high = inf if isinstance(score.max, UnsetType) else score.max
    if low >= high:
        yield tell("`%(path)s.min` must be below `max` (xAPI 2.4.5.1).", path=path)
    if not isinstance(score.raw, UnsetType) and not low <= score.raw <= high:
        yield tell("`%(path)s.raw` must lie from `min` to `max` (xAPI 2.4.5.1).", path=path)


def read_object(tree: dict[str, Any]) -> Object | str:
    """The object by its ``objectType`` (Activity where it has none), or msgspec's word on what does not fit."""
    shapes: dict[object, type[Object]] = {
        "Activity": Activity,
        "Agent": Actor,
        "Group": Actor,
        "StatementRef": StatementRef,
        "SubStatement": SubStatement,
    }
    kind = tree.get("objectType", "Activity")
    shape = shapes.get(kind) if isinstance(kind, str) else None
    if shape is None:
        return "Invalid - at `$.objectType`"
    try:
        return msgspec.convert(tree, shape)
    except msgspec.ValidationError as error:
        return str(error)


def _actor_faults(actor: Actor, path: str) -> Iterator[str]:
    given = [name for name in _IDENTIFIERS if getattr(actor, name) is not UNSET]
    if len(given) > 1:
        yield tell(
            "`%(path)s` has more than one of mbox, mbox_sha1sum, openid, account: give one (xAPI 2.4.2.3).",
            path=path,
        )
    if actor.object_type != "Group":
        if not given:
            yield tell(
                "`%(path)s` must have one of mbox, mbox_sha1sum, openid, account (xAPI 2.4.2.1).",
                path=path,
            )
        if actor.member is not UNSET:
            yield tell("`%(path)s.member` belongs to a Group (xAPI 2.4.2.2).", path=path)
        return
    members = _members(actor)
    if not given and not members:
        yield tell(
            "`%(path)s` is a Group without an identifier: name its members (xAPI 2.4.2.2).",
            path=path,
        )
    for member in members:
        if member.object_type == "Group":
            yield tell("`%(path)s.member` must hold Agents only (xAPI 2.4.2.2).", path=path)
        yield from _actor_faults(member, f"{path}.member")


def _members(actor: Actor) -> tuple[Actor, ...]:
    return () if isinstance(actor.member, UnsetType) else actor.member


def _context_faults(context: Context, target: Object, version: str, path: str) -> Iterator[str]:
    for name in ("revision", "platform"):
        if getattr(context, name) is not UNSET and not isinstance(target, Activity):
            yield tell(
                "`%(path)s.%(name)s` is allowed only where the object is an Activity (xAPI 2.4.6).",
                path=path,
                name=name,
            )
    if isinstance(context.team, Actor) and context.team.object_type != "Group":
        yield tell("`%(path)s.team` must be a Group (xAPI 2.4.6).", path=path)
    agents = () if isinstance(context.context_agents, UnsetType) else context.context_agents
    groups = () if isinstance(context.context_groups, UnsetType) else context.context_groups
    if version == "1.0" and (agents or groups):
        yield tell(
            "`%(path)s` has contextAgents or contextGroups, which xAPI 1.0 has not.", path=path
        )
    for each in (context.instructor, context.team):
        if isinstance(each, Actor):
            yield from _actor_faults(each, path)
    for agent in agents:
        yield from _actor_faults(agent.agent, f"{path}.contextAgents.agent")
    for group in groups:
        yield from _actor_faults(group.group, f"{path}.contextGroups.group")


def _definition_faults(definition: Definition, path: str) -> Iterator[str]:
    if definition.interaction_type is UNSET and any(
        getattr(definition, name) is not UNSET for name in _COMPONENTS
    ):
        yield tell(
            "`%(path)s.interactionType` is missing beside parts of an interaction (xAPI 2.4.4.1).",
            path=path,
        )


def _time_faults(text: str | UnsetType, path: str) -> Iterator[str]:
    if isinstance(text, UnsetType):
        return
    if time.microseconds(text) is None:
        yield tell("`%(name)s` %(fault)s.", name=path, fault=time.fault(text))
    if text.endswith("-00:00"):
        yield tell("`%(path)s` must not have the offset -00:00 (xAPI 4.5).", path=path)
