"""What goes in by binary COPY comes out as it was, character by character."""

from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg2.extensions import connection

from services.postgres.connect import transaction
from services.postgres.lane_rows import LaneState
from services.postgres.ledger import (
    TOPIC_NUMBERS,
    EventRow,
    LaneEvents,
    copy_events,
    events_of_stream,
    find_events,
)
from services.postgres.outcomes import RejectionRow, copy_rejections

YEAR_1 = -62_135_596_800_000_000
YEAR_9999 = 253_402_300_799_999_999

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=128)
times = st.integers(YEAR_1, YEAR_9999)
of_streams = st.tuples(
    st.integers(0, 2**63 - 1),
    texts,
    times,
    st.just(0),
    texts.filter(bool),
    st.sampled_from(sorted(TOPIC_NUMBERS)),
    st.one_of(st.binary(max_size=300), st.binary(min_size=4000, max_size=4200)),
    st.none() | texts,
    st.none() | times,
)
rows = of_streams | st.builds(
    lambda row, person: (*row[:3], person, "", *row[5:]), of_streams, st.integers(1, 2**63 - 1)
)


def test_events_of_any_content(session: connection, lanes: list[LaneState]) -> None:
    @settings(max_examples=100, deadline=None)
    @given(
        written=st.lists(rows, max_size=20, unique_by=lambda row: row[1]),
        recorded=times,
        position=st.integers(1, 2**40 - 21),
    )
    def check(written: list[EventRow], recorded: int, position: int) -> None:
        batch = LaneEvents(lanes[0].lane_id, 4, position, written)
        with transaction(session) as work:
            work.execute("DELETE FROM ledger.stored_event")
            copy_events(work, [batch], recorded)
            read = {
                stored.event_id: stored
                for of in {row[3:5] for row in written}
                for stored in events_of_stream(work, 4, *of)
            }
            found = find_events(work, {4: [row[1] for row in written if row[1] is not None]}, {})[4]
        assert len(read) == len(found) == len(written)
        for number, row in enumerate(written):
            stored = read[row[1]]
            assert row == (
                stored.kafka_offset,
                stored.event_id,
                stored.happened,
                *row[3:5],
                stored.topic,
                stored.state,
                stored.sequence,
                stored.recordedtime,
            )
            assert stored.position == stored.version == position + number
            assert stored.recorded == recorded
            assert found[row[1] or ""].state == row[6]

    check()


def test_a_rejection_can_always_be_stored(session: connection, lanes: list[LaneState]) -> None:
    anything = st.text(st.characters(exclude_categories=[]), max_size=50)

    @settings(max_examples=100, deadline=None)
    @given(
        detail=anything,
        event_id=st.none() | anything,
        key=st.none() | st.binary(max_size=50),
        record=st.none() | st.binary(max_size=50),
    )
    def check(detail: str, event_id: str | None, key: bytes | None, record: bytes | None) -> None:
        row = RejectionRow(lanes[0].lane_id, 1, 4, "not_json", detail, event_id, key, record)
        with transaction(session) as work:
            work.execute("DELETE FROM ledger.rejection")
            copy_rejections(work, [row], 0)
            work.execute("SELECT record, record_key FROM ledger.rejection")
            ((kept, kept_key),) = work.fetchall()
        assert bytes(kept) == (record or b"")
        assert (None if kept_key is None else bytes(kept_key)) == key

    check()
