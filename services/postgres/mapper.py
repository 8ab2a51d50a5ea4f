"""eventsourcing's Mapper for partner events: stored events to domain facts and back."""

from collections.abc import Mapping
from typing import Any

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    Cipher,
    Compressor,
    JSONTranscoder,
    Mapper,
    MapperDeserialisationError,
    StoredEvent,
    Transcoder,
)
from msgspec import MsgspecError, Struct

from domain.events import PartnerEvent
from domain.vocabulary import PARTNER_CODES, PARTNER_IDS
from projections.storage.facts import UPCASTS, Upcast, decoder, encode
from services.postgres.recorded_events import LedgerEvent


class Reported(Struct, frozen=True, gc=False):
    """A partner event as a domain event of its stream, the aggregate."""

    originator_version: int
    event: PartnerEvent

    @property
    def originator_id(self) -> str:
        """The stream."""
        return self.event.stream


class FactMapper(Mapper[str]):
    """Maps ``LedgerEvent`` (with the envelope) to ``Reported`` by the fact's short topic, never by a class's name.

    Old topics are read through ``upcasts`` (projections/facts.py). Facts in the ledger are plain MessagePack: they are
    compared byte by byte to tell duplicates, so a compressor or cipher is refused with ValueError.
    """

    def __init__(
        self,
        transcoder: Transcoder | None = None,
        compressor: Compressor | None = None,
        cipher: Cipher | None = None,
        *,
        upcasts: Mapping[str, Upcast] = UPCASTS,
    ) -> None:
        if compressor is not None or cipher is not None:
            raise ValueError("facts are stored as they are: neither compressed nor encrypted")
        super().__init__(transcoder or JSONTranscoder())
        self._decode = decoder(upcasts)

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> LedgerEvent:
        """The stored event of a ``Reported``; raises TypeError for another kind of event."""
        if not isinstance(domain_event, Reported):
            raise TypeError(f"{type(domain_event).__name__} is not a reported fact")
        event = domain_event.event
        return LedgerEvent(
            originator_id=event.stream,
            originator_version=domain_event.originator_version,
            topic=event.fact.topic,
            state=encode(event.fact),
            event_id=event.event_id,
            partner_id=PARTNER_IDS[event.partner],
            sequence=event.sequence,
            happened=event.happened,
            recordedtime=event.recordedtime,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The ``Reported`` of a LedgerEvent.

        Raises MapperDeserialisationError for an event that no partner sent, or whose topic or state is unknown.
        """
        if not isinstance(stored_event, LedgerEvent):
            raise MapperDeserialisationError("the event did not come from a partner")
        try:
            fact = self._decode(stored_event.topic, stored_event.state)
        except (KeyError, MsgspecError) as error:
            raise MapperDeserialisationError(
                f"version {stored_event.originator_version} of a stream has topic "
                f"{stored_event.topic!r} and cannot be read: {type(error).__name__}"
            ) from error
        event = PartnerEvent(
            partner=PARTNER_CODES[stored_event.partner_id],
            event_id=stored_event.event_id,
            happened=stored_event.happened,
            stream=str(stored_event.originator_id),
            fact=fact,
            sequence=stored_event.sequence,
            recordedtime=stored_event.recordedtime,
        )
        return Reported(stored_event.originator_version, event)
