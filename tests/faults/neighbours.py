"""How long one partner's events take while another one attacks, and what the worker takes meanwhile."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import psutil
from msgspec import Struct

from services.kafka.producer import STRUCTURED, Producer
from services.kafka.topics import ensure_topics, partner_topic
from services.settings import read_settings
from services.wiring import prepare_database
from tests.end_to_end.running_system import PARTITIONS, RunningSystem
from tests.faults.attacks import ATTACKER
from tests.services.kafka.raw import write_batches

NEIGHBOUR = "pintaria"
PAUSE_SECONDS = 0.02
TIMEOUT_SECONDS = 300.0


class Felt(Struct):
    """Of the neighbour's events: seconds from sending to their outcome. Of the worker: its largest memory."""

    waits: list[float]
    highest_mib: float
    attack_seconds: float

    @property
    def p99(self) -> float:
        """The wait that one event in a hundred exceeds, in seconds."""
        return sorted(self.waits)[math.ceil(len(self.waits) * 0.99) - 1]

    def __str__(self) -> str:
        return (
            f"neighbour: {len(self.waits)} events, median {sorted(self.waits)[len(self.waits) // 2]:.2f} s, "
            f"p99 {self.p99:.2f} s, longest {max(self.waits):.2f} s; "
            f"worker: {self.highest_mib:.0f} MiB; attack read in {self.attack_seconds:.1f} s"
        )


def felt(system: RunningSystem, attack: Iterable[bytes], records: int) -> Felt:
    """What one worker and a neighbour feel of an attack of so many records, until all of it has its outcomes."""
    ensure_topics(system.bootstrap, PARTITIONS)
    prepare_database(read_settings(system.settings))
    name = system.start_ingest(TUNTAS_BATCH_RECORDS="5000")
    system.wait_until(system.lanes_are_owned, "every lane has an owner")
    waits: list[float] = []
    with Producer(system.bootstrap) as producer:
        _wait(system, producer, -1)  # the first is about connections
        sending = Thread(
            target=write_batches, args=(system.bootstrap, partner_topic(ATTACKER), attack)
        )
        started = monotonic()
        sending.start()
        read = 0
        while read < records and monotonic() < started + TIMEOUT_SECONDS:
            waits.append(_wait(system, producer, len(waits)))
            sleep(PAUSE_SECONDS)
            ((read,),) = system.rows(OUTCOMES, (partner_topic(ATTACKER),))
        taken = monotonic() - started
        sending.join()
    assert read == records, f"{read} of {records} were read\n{system.log(name)[-3000:]}"
    return Felt(waits, _highest_mib(system, name), taken)


def _wait(system: RunningSystem, producer: Producer, number: int) -> float:
    """Seconds until one more event of the neighbour has its outcome."""
    ((before,),) = system.rows(OUTCOMES, (partner_topic(NEIGHBOUR),))
    data = {"participant_id": f"PRK-{number % 50}", "class_code": "C-1", "percent": 50}
    event = {
        "specversion": "1.0",
        "id": f"neighbour-{number}",
        "source": f"/partners/{NEIGHBOUR}",
        "type": "id.tuntas.class.progressed.v1",
        "time": "2020-05-01T08:00:00+07:00",
        "data": data,
    }
    started = monotonic()
    producer.send(partner_topic(NEIGHBOUR), b"k", STRUCTURED, json.dumps(event).encode())
    producer.flush()
    while system.rows(OUTCOMES, (partner_topic(NEIGHBOUR),)) == [(before,)]:
        assert monotonic() < started + TIMEOUT_SECONDS, "the neighbour waits for ever"
        sleep(0.005)
    return monotonic() - started


def _highest_mib(system: RunningSystem, name: str) -> float:
    (service,) = psutil.Process(system.processes[name].pid).children()
    status = Path(f"/proc/{service.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


OUTCOMES = "SELECT coalesce(sum(accepted + duplicate + rejected), 0)::int FROM ledger.lane WHERE topic = %s"
