"""quixstreams: a state per participant and class, and a row of it in PostgreSQL by its own sink.

    python -m tests.benchmarks.peers.streams default|tuned|events BOOTSTRAP DATABASE_URL GROUP FOLDER RECORDS

`default` is the library as it comes. `tuned` commits by count, fetches more at once, keeps states as MessagePack
bytes and writes rows without the sink's own columns. `events` is tuned, and a second sink keeps every event once.
Stops after RECORDS records; leaves the time of the first one in FOLDER. Withdrawals are left out. A short
fetch.wait.max.ms in all of them matters to the start only: each of the 48 partitions is asked for its end then, behind
a fetch that waits.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
from psycopg2.extensions import parse_dsn
from quixstreams import Application, State
from quixstreams.sinks.community.postgresql import PostgreSQLSink

from domain import events as facts
from domain.events import PARTICIPANT_STREAM, PartnerEvent
from domain.vocabulary import PARTNERS, TOPIC_PREFIX
from services.cloudevents.decode import decode
from tests.benchmarks.contenders.streams import COMMIT_EVERY, FETCH_BYTES

Row = dict[str, Any]


def main() -> None:
    way, bootstrap, database_url, group, folder, records = sys.argv[1:]
    application = build(way, bootstrap, group, Path(folder), int(records))
    rows = sink(database_url, way, "quix_class", ["partner", "participant_id", "class_code"])
    kept = None
    if way == "events":
        kept = sink(database_url, way, "quix_event", ["partner", "event_id"])
    fold = folding(as_bytes=way != "default", with_events=kept is not None)
    for partner in PARTNERS:
        topic = application.topic(
            TOPIC_PREFIX + partner, value_deserializer="bytes", key_deserializer="str"
        )
        frame = application.dataframe(topic).apply(
            fold(partner), stateful=True, metadata=True, expand=True
        )
        if kept is not None:
            frame[frame.apply(is_event)].sink(kept)
            frame = frame[frame.apply(is_row)]
        frame.sink(rows)
    application.run()


def build(way: str, bootstrap: str, group: str, folder: Path, records: int) -> Any:
    """The application, which stops itself after so many records."""
    done = 0

    def count(_topic: str, _partition: int, _offset: int) -> None:
        nonlocal done
        if not done:
            (folder / "first").write_text(str(monotonic()))
        done += 1
        if done == records:
            application.stop()

    consumer: dict[str, Any] = {"fetch.wait.max.ms": 20}
    tuned: dict[str, Any] = {}
    if way != "default":
        tuned = {
            "commit_interval": 60.0,
            "commit_every": COMMIT_EVERY,
            "producer_extra_config": {"compression.type": "lz4", "linger.ms": 50},
        }
        consumer |= {"fetch.max.bytes": FETCH_BYTES, "queued.max.messages.kbytes": 65_536}
    application = Application(
        broker_address=bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        state_dir=folder / "state",
        loglevel="WARNING",
        on_message_processed=count,
        consumer_extra_config=consumer,
        **tuned,
    )
    return application


def sink(database_url: str, way: str, table: str, key: list[str]) -> Any:
    """The library's PostgreSQL sink, upserting by ``key``."""
    dsn = parse_dsn(database_url)
    return PostgreSQLSink(
        host=dsn["host"],
        port=5432,
        dbname=dsn["dbname"],
        user=dsn["user"],
        password="none",
        table_name=table,
        primary_key_columns=key,
        upsert_on_primary_key=True,
        include_metadata=way == "default",
    )


def is_event(row: Row) -> bool:
    return "event_id" in row


def is_row(row: Row) -> bool:
    return "event_id" not in row


def folding(
    *, as_bytes: bool, with_events: bool
) -> Callable[[str], Callable[[bytes, str, int, Any, State], Iterable[Row]]]:
    """Makes, for a partner, the function from a record to the changed rows (and to the event, when it is new)."""
    encode, decoded = msgspec.msgpack.encode, msgspec.msgpack.decode

    def for_partner(partner: str) -> Callable[[bytes, str, int, Any, State], Iterable[Row]]:
        def fold(
            value: bytes, key: str, _timestamp: int, headers: Any, state: State
        ) -> Iterable[Row]:
            event = decode(partner, None, headers or (), value)
            if not isinstance(event, PartnerEvent) or not event.stream.startswith(
                PARTICIPANT_STREAM
            ):
                return
            fact = event.fact
            codes = classes_of(fact)
            for code in codes:
                if as_bytes:
                    held = state.get_bytes(code)
                    evidence = blank() if held is None else decoded(held)
                else:
                    evidence = state.get(code) or blank()
                if event.event_id in evidence["seen"]:
                    return
                evidence["seen"].append(event.event_id)
                add(evidence, fact, event.happened)
                if as_bytes:
                    state.set_bytes(code, encode(evidence))
                else:
                    state.set(code, evidence)
                if code:
                    yield row(partner, key, code, evidence)
            if with_events:
                yield {
                    "partner": partner,
                    "event_id": event.event_id,
                    "participant_id": key,
                    "happened": event.happened,
                    "topic": fact.topic,
                    "state": encode(fact),
                }

        return fold

    return for_partner


def classes_of(fact: Any) -> list[str]:
    """The classes that a fact is about; '' stands for none that it names."""
    code = getattr(fact, "class_code", None)
    if code is not None:
        return [code]
    if isinstance(fact, facts.PurchasePaid) and fact.items:
        return list(dict.fromkeys(item[0] for item in fact.items))
    return [""]


def blank() -> dict[str, Any]:
    """The state of a class before anything was reported."""
    return {
        "seen": [],
        "purchased_at": 0,
        "completed_at": 0,
        "percent": 0.0,
        "best_scaled": 0.0,
        "attempts": 0,
        "certified_at": 0,
        "reviewed_at": 0,
        "rating": 0,
    }


def add(evidence: dict[str, Any], fact: Any, happened: int) -> None:
    """Folds a fact into the state of a class; what comes late or twice changes nothing."""
    match fact:
        case facts.PurchasePaid():
            evidence["purchased_at"] = min(evidence["purchased_at"] or happened, happened)
        case facts.ClassProgressed():
            evidence["percent"] = max(evidence["percent"], fact.percent or 0.0)
        case facts.ClassCompleted():
            evidence["completed_at"] = min(evidence["completed_at"] or happened, happened)
        case facts.ClassAssessed() if fact.kind in ("post_test", "performance"):
            evidence["attempts"] += 1
            evidence["best_scaled"] = max(evidence["best_scaled"], fact.scaled or 0.0)
        case facts.CertificateIssued():
            evidence["certified_at"] = max(evidence["certified_at"], happened)
        case facts.ClassReviewed() if happened >= evidence["reviewed_at"]:
            evidence["reviewed_at"], evidence["rating"] = happened, fact.rating


def row(partner: str, participant_id: str, class_code: str, evidence: dict[str, Any]) -> Row:
    """The row of a class: its state, and `events` in the place of their ids."""
    found = {name: value for name, value in evidence.items() if name != "seen"}
    return {
        "partner": partner,
        "participant_id": participant_id,
        "class_code": class_code,
        "events": len(evidence["seen"]),
        **found,
    }


if __name__ == "__main__":
    main()
