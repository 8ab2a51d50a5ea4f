"""Which settings of a secured Kafka go together."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

_TLS_FILES: Final = ("kafka_ca_file", "kafka_certificate_file", "kafka_key_file")
_SASL: Final = ("kafka_username", "kafka_password_file")


def security_problems(values: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each setting that is missing, or would have no effect, under the security protocol."""
    protocol = values["kafka_security_protocol"]
    named = f"TUNTAS_KAFKA_SECURITY_PROTOCOL is {protocol}"
    if protocol != "PLAINTEXT" and not values["kafka_bootstrap"]:
        yield (
            f"{named}, but TUNTAS_KAFKA_BOOTSTRAP names no broker: the embedded one speaks PLAINTEXT."
        )
    for field in _SASL:
        if protocol.startswith("SASL_") and not values[field]:
            yield f"{named}, so {_name(field)} is needed."
        if not protocol.startswith("SASL_") and values[field]:
            yield f"{_name(field)} is set, but {named}: nobody would ask for it."
    for field in _TLS_FILES:
        if not protocol.endswith("SSL") and values[field]:
            yield f"{_name(field)} is set, but {named}: it would not be used."
    if values["kafka_key_file"] and not values["kafka_certificate_file"]:
        yield "TUNTAS_KAFKA_KEY_FILE is set, but TUNTAS_KAFKA_CERTIFICATE_FILE is not."
    if unfit := sorted({"=", ",", "\0"} & set(values["kafka_username"])):
        yield f"TUNTAS_KAFKA_USERNAME holds {unfit[0]!r}, which a user name cannot have."


def _name(field: str) -> str:
    return f"TUNTAS_{field.upper()}"
