"""What docs/reliability.md says of faults under load and of WAL cuts: the sums of docs/faults.jsonl.

``python -m tests.faults.published`` writes them anew.
"""

from __future__ import annotations

from typing import Final

from tests.faults.results import RESULTS, Kept, quantile

PAGE: Final = RESULTS.with_name("reliability.md")
BEGIN: Final = "<!-- faults -->\n"
END: Final = "<!-- end of faults -->\n"

WHAT: Final = {
    "worker killed": "SIGKILL; another process is begun at once",
    "worker frozen": "SIGSTOP for up to 12 seconds, wherever it is, then SIGCONT",
    "projector killed": "SIGKILL; another process is begun at once",
    "rebalance": "a member joins the group, is given lanes, reads none of them and leaves",
    "commit answer lost": "PostgreSQL carries the COMMIT out, and the connection ends before its answer",
    "commit not done": "the connection ends before PostgreSQL hears of the COMMIT",
    "connection stalled": "no connection to PostgreSQL passes anything on, for up to 4 seconds",
    "connections half open": "connections end on PostgreSQL's side, and stay as they were on the services'",
    "connections used up": "no room for another one for up to 4 seconds, and half of the services lose theirs",
    "clocks stepped": "the services' clocks are a day ahead or behind for up to 8 seconds, the servers' not",
    "database stopped at once": "`pg_ctl stop -m immediate`, and started again",
    "database killed": "SIGKILL of its first process, and started again",
    "broker killed": "SIGKILL, and started again",
    "disk full": "no event can be written, for up to 2 seconds",
    "API killed": "SIGKILL; another process is begun at once",
}
"""What each kind of fault under load is."""
EARLIER: Final = {
    "some commit answer lost": "as *commit answer lost*, of a worker or of its heartbeat, on which nothing depends",
    "some commit not done": "as *commit not done*, of a worker or of its heartbeat",
}
"""Kinds of earlier runs, in which the proxy did not know a heartbeat's connection."""
KILLED: Final = {
    "database leader lost": "Patroni and every process of PostgreSQL on the leader's node",
    "database leader killed": "PostgreSQL's first process on the leader's node; Patroni lives",
    "standby lost": "Patroni and every process of PostgreSQL on the standby's node",
    "broker lost": "one of three brokers",
    "controller lost": "the broker that leads Kafka's own log",
    "database leader and broker lost": "both at once",
}
"""What each kind of kill is, where there are several nodes."""
MANY: Final = 10
"""Fewer trials bound nothing that anybody would want to know."""
GONE_ON: Final = {
    "worker killed": "from the kill until another worker owns one of its lanes",
    "database stopped at once": "from when PostgreSQL answers until lanes move on",
    "database killed": "from when PostgreSQL answers until lanes move on",
    "broker killed": "from when Kafka answers until lanes move on",
    "projector killed": "from the kill until another one followed events",
    "API killed": "from the kill until another one answers from the database",
}
"""What the seconds are counted between."""


def text() -> str:
    """The sums, as Markdown."""
    calm = Kept("one at a time")
    return (
        _under_load(Kept("under load"), calm)
        + _one_at_a_time(calm)
        + _failovers(Kept("failovers"))
        + _cuts(Kept("wal cuts"))
    )


def _under_load(kept: Kept, calm: Kept) -> str:
    """Trials are those of both; how long things took is said of each by itself."""
    _none_failed(kept)
    trials = kept.trials + calm.trials
    rows = "\n".join(
        f"| {kind} | {what} | {trials[kind]:,} | 0 | 0 | {_seconds(kept, kind)} |"
        for kind, what in (WHAT | EARLIER).items()
        if trials[kind]
    )
    between = "; ".join(
        f"{kind}: {what}" for kind, what in GONE_ON.items() if kept.times[kind] or calm.times[kind]
    )
    seasons = kept.sums["seasons"] + calm.sums["seasons"]
    records = kept.sums["records"] + calm.sums["records"]
    return (
        f"Under load: {seasons:,} season{'s' * (seasons != 1)}, {records:,} records, "
        f"in {(kept.seconds + calm.seconds) / 3600:.2f} hours. {_bound(seasons, 'seasons that fail')} "
        "Of each kind of fault: 3 by its trials.\n\n"
        "| fault | what it is | trials | lost | doubled | seconds until things go on, p50 / p99 of so many |\n"
        f"| --- | --- | --- | --- | --- | --- |\n{rows}\n\n"
        f"Seconds are counted on a machine with two cores that runs everything, servers and load too. {between}.\n\n"
    )


def _one_at_a_time(kept: Kept) -> str:
    """How long things take to go on where nothing else is wrong."""
    _none_failed(kept)
    found = "; ".join(f"{kind}: {_seconds(kept, kind)}" for kind in WHAT if kept.times.get(kind))
    return f"Seconds with one fault at a time: {found or 'none counted'}.\n\n"


def _failovers(kept: Kept) -> str:
    """Leaders that were killed, of three brokers and of two PostgreSQL servers."""
    _none_failed(kept)
    rows = "\n".join(
        f"| {kind} | {what} | {kept.trials[kind]:,} | 0 | 0 | {_seconds(kept, kind)} |"
        for kind, what in KILLED.items()
        if kept.trials[kind]
    )
    return (
        f"Failovers: {kept.trials.total():,} kills in {kept.sums['seasons']:,} seasons, {kept.sums['records']:,} "
        f"acknowledged records, in {kept.seconds / 3600:.2f} hours. "
        f"{_bound(kept.trials.total(), 'kills that fail')}\n\n"
        "| killed | what it is | trials | lost | doubled | seconds until later records are committed, p50 / p99 |\n"
        f"| --- | --- | --- | --- | --- | --- |\n{rows}\n\n"
    )


def _cuts(kept: Kept) -> str:
    _none_failed(kept)
    sums = kept.sums
    rows = "\n".join(f"| {way} | {count:,} | 0 |" for way, count in sorted(kept.trials.items()))
    return (
        f"WAL cuts: {sums['cuts']:,} cuts through {sums['histories']:,} histories, in "
        f"{kept.seconds / 3600:.1f} hours. {sums['acknowledged']:,} acknowledged records were looked for and found, "
        f"{sums['answers']:,} answers compared, and the services read on to the end {sums['read_on']:,} times. "
        f"{_bound(sums['cuts'], 'cuts that fail')}\n\n"
        f"| WAL from, and behind the cut | cuts | with something missing |\n| --- | --- | --- |\n{rows}\n"
    )


def _none_failed(kept: Kept) -> None:
    if kept.failed:
        raise ValueError("a run failed: what was lost or doubled is to be said by hand")


def _seconds(kept: Kept, kind: str) -> str:
    found = kept.times.get(kind)
    if not found:
        return ""
    return f"{quantile(found, 0.5):.1f} / {quantile(found, 0.99):.1f} of {len(found):,}"


def _bound(trials: int, of: str) -> str:
    if trials <= MANY:
        return f"So few say nothing of how rare {of} are."
    return f"So there are fewer than {3 / trials:.2%} {of} (0 in *n*: below 3/*n*, with 95 percent confidence)."


def page() -> str:
    """The page with the sums in it."""
    before, _, behind = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + text() + END + behind.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
