"""What seven partners that send steadily get of a worker while the eighth sends garbage, or ten times its share.

Their events say when they were sent (`time`), and the ledger when they were accepted: that is how long each took.
"""

import json
import multiprocessing
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from time import monotonic, sleep, time_ns

from msgspec import Struct

from domain.vocabulary import PARTNERS
from services.kafka.producer import STRUCTURED, Producer
from services.kafka.topics import partner_topic
from tests.end_to_end.running_system import RunningSystem

ATTACKER = "tokopedia"
OTHERS = tuple(partner for partner in PARTNERS if partner != ATTACKER)

Load = tuple[str, int, bool]
"""A partner, how many records it sends a second, and whether they are good."""


class Shared(Struct, frozen=True):
    """Of the seven: how much of the pace of sending was kept, and how long events took, in seconds.

    A pace of 1: the last was accepted when it was sent. Of the eighth: records read.
    """

    sent_per_second: float
    pace: float
    p50: float
    p99: float
    of_eighth: int

    def __str__(self) -> str:
        return (
            f"the seven: {self.sent_per_second:,.0f} events a second, pace {self.pace:.2f}, "
            f"median {self.p50 * 1000:.0f} ms, p99 {self.p99 * 1000:.0f} ms; "
            f"the eighth: {self.of_eighth:,} records read"
        )


def loads(kind: str, rate: int) -> list[Load]:
    """Each of the seven sends ``rate`` records a second; the eighth as many, garbage, or ten times as many."""
    eighth = {"clean": (rate, True), "garbage": (rate, False), "flood": (10 * rate, True)}
    return [*((partner, rate, True) for partner in OTHERS), (ATTACKER, *eighth[kind])]


def shared(system: RunningSystem, kind: str, rate: int, seconds: float) -> Shared:
    """Sends for so long and waits until all of the seven's is read. A worker and empty lanes are there."""
    mark = f"{kind}-{time_ns()}"
    before = _read(system, ATTACKER)
    *seven, eighth = loads(kind, rate)
    spawn = multiprocessing.get_context("spawn")
    sending = [
        spawn.Process(target=send, args=(system.bootstrap, of, seconds, f"{mark}-{name}"))
        for name, of in (("seven", seven), ("eighth", [eighth]))
    ]
    for process in sending:
        process.start()
    for process in sending:
        process.join(seconds + 60)
        assert process.exitcode == 0
    expected = len(OTHERS) * int(rate * seconds)
    system.wait_until(
        lambda: system.rows(COUNT, (f"{mark}%", ATTACKER))[0][0] >= expected,
        "what the seven sent is accepted",
    )
    ((taken, sent, accepted, p50, p99),) = system.rows(FIGURES, (f"{mark}%", ATTACKER))
    return Shared(
        taken / float(sent),
        float(sent / accepted),
        float(p50),
        float(p99),
        _read(system, ATTACKER) - before,
    )


def send(bootstrap: str, all_of: Sequence[Load], seconds: float, mark: str) -> None:
    """Sends each partner's share of every twentieth of a second, for so long."""
    tick = 0.05
    numbers: Iterator[int] = iter(range(1 << 40))
    with Producer(bootstrap) as producer:
        began = monotonic()
        for count in range(round(seconds / tick)):
            sleep(max(0.0, began + count * tick - monotonic()))
            for partner, rate, good in all_of:
                share = int(rate * (count + 1) * tick) - int(rate * count * tick)
                for _ in range(share):
                    number = next(numbers)
                    value = event(partner, f"{mark}-{number}") if good else b"{halo"
                    key = f"PRK-{number % 2_000}".encode()
                    producer.send(partner_topic(partner), key, STRUCTURED, value)
        producer.flush()


def event(partner: str, event_id: str) -> bytes:
    """An event that happens now."""
    now = time_ns() // 1000
    seconds, micros = divmod(now, 1_000_000)
    at = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    number = event_id.rpartition("-")[2]
    data = {"participant_id": f"PRK-{int(number) % 2_000}", "class_code": "C-1", "percent": 50}
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/partners/{partner}",
            "type": "id.tuntas.class.progressed.v1",
            "time": f"{at}.{micros:06}Z",
            "data": data,
        }
    ).encode()


def _read(system: RunningSystem, partner: str) -> int:
    ((read,),) = system.rows(READ, (partner_topic(partner),))
    return int(read)


READ = "SELECT coalesce(sum(accepted + duplicate + rejected), 0) FROM ledger.lane WHERE topic = %s"
OF_THE_SEVEN = """
FROM ledger.event JOIN ledger.lane USING (lane_id)
WHERE event.event_id LIKE %s AND lane.topic <> 'tuntas.partner.' || %s
"""
COUNT = f"SELECT count(*) {OF_THE_SEVEN}"
FIGURES = f"""
SELECT count(*), extract(epoch FROM max(event.happened) - min(event.happened)),
       extract(epoch FROM max(event.recorded) - min(event.happened)),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM event.recorded - event.happened)),
       percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM event.recorded - event.happened))
{OF_THE_SEVEN}
"""
