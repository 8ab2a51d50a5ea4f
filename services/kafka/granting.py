"""Brings a cluster's topics, SCRAM users and access control list to what Tuntas and its partners need."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialUpsertion,
)
from kafka.errors import SecurityDisabledError, UnsupportedVersionError
from msgspec import Struct

from services.kafka.access import Line
from services.kafka.failures import BrokerRefused
from services.kafka.passwords import Passwords

_MECHANISM: Final = "SCRAM-SHA-512"
_USER: Final = "User:"
_ANYWHERE: Final = "*"


class Wanted(Struct, frozen=True):
    """What there is to be. ``rotated``: users that get a new password."""

    topics: Sequence[str]
    users: Sequence[str]
    lines: Sequence[Line]
    rotated: Collection[str] = ()


class Plan(Struct, frozen=True):
    """What is missing on the cluster, and what of the same users is there without being wanted."""

    topics: list[str]
    users: list[str]
    lines: list[Line]
    beyond: list[str]
    """Lines in words; they are left alone."""


def plan(admin: Any, wanted: Wanted) -> Plan:
    """What `carry_out` would do; reads the cluster only. ``admin`` is a connected KafkaAdminClient.

    Raises BrokerRefused where the cluster has no authorizer, and kafka-python's errors.
    """
    allowed, others = _allowed(admin, {line.user for line in wanted.lines})
    topics = set(admin.list_topics())
    users = _users(admin, wanted.users)
    return Plan(
        topics=[topic for topic in wanted.topics if topic not in topics],
        users=[user for user in wanted.users if user not in users or user in wanted.rotated],
        lines=[line for line in wanted.lines if line not in allowed],
        beyond=sorted([str(line) for line in allowed.difference(wanted.lines)] + others),
    )


def make_users(
    admin: Any, users: Iterable[str], rotated: Collection[str], passwords: Passwords
) -> None:
    """Gives each user its password: a new one, or the one that its file already holds."""
    for user in users:
        with passwords.of(user, new=user in rotated) as password:
            change = UserScramCredentialUpsertion(user, _MECHANISM, password)
            answered = admin.alter_user_scram_credentials([change])
            if answered.get(user) is not None:
                raise BrokerRefused(f"User {user} was not given a password: {answered[user]}")


def add_lines(admin: Any, lines: Sequence[Line]) -> None:
    """Adds lines to the access control list; raises BrokerRefused unless all were added."""
    if not lines:
        return
    answer = admin.create_acls([_acl(line) for line in lines])
    if answer["failed"]:
        why = ", ".join(sorted({str(error.__name__) for error in answer["failed"]}))
        raise BrokerRefused(
            f"{len(answer['failed'])} of {len(lines)} lines were not added to the access control list: {why}."
        )


def _users(admin: Any, named: Sequence[str]) -> set[str]:
    """Those of the users that have a SCRAM password of the kind that Tuntas makes."""
    if not named:
        return set()
    # Asked for all users by who may not know them, Kafka 4.1 gives no answer at all.
    return {
        user
        for user, described in admin.describe_user_scram_credentials(list(named)).items()
        if any(info["mechanism"].name == "SCRAM_SHA_512" for info in described["credential_infos"])
    }


def _allowed(admin: Any, users: Collection[str]) -> tuple[set[Line], list[str]]:
    """The lines that let these users do something, and in words those of another shape."""
    every = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    try:
        acls, _ = admin.describe_acls(
            ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, every)
        )
    except (SecurityDisabledError, UnsupportedVersionError) as error:
        raise BrokerRefused(
            "This cluster has no authorizer, so everybody may do everything: set authorizer.class.name to "
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer and super.users on its nodes first."
        ) from error
    allowed: set[Line] = set()
    others: list[str] = []
    for acl in acls:
        user = acl.principal.removeprefix(_USER)
        if user not in users:
            continue
        pattern = acl.resource_pattern
        line = Line(
            user, pattern.resource_type, pattern.resource_name, acl.operation, pattern.pattern_type
        )
        if acl.permission_type == ACLPermissionType.ALLOW and acl.host == _ANYWHERE:
            allowed.add(line)
        else:
            kind = (
                ""
                if acl.permission_type == ACLPermissionType.ALLOW
                else "is forbidden what reads: "
            )
            others.append(f"{kind}{line} from {acl.host}")
    return allowed, others


def _acl(line: Line) -> ACL:
    pattern = ResourcePattern(
        ResourceType(line.resource), line.name, ACLResourcePatternType(line.pattern)
    )
    return ACL(
        f"{_USER}{line.user}",
        _ANYWHERE,
        ACLOperation(line.operation),
        ACLPermissionType.ALLOW,
        pattern,
    )
