"""Migration 1: the whole layout of a database that is empty.

Until it is frozen (release.py) it is made of the scripts that say how tables are today, so that these may be changed;
a database made by other scripts is then told by its checksum, and is of no use. Frozen, it stands in
0001_baseline.sql for ever, and the scripts go on saying how tables are today: a test holds that the migrations
lead there.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from projections.storage import schema
from services.postgres.ledger import topics
from services.postgres.migrations.files import AT_ONCE, Migration, checksum, in_order, numbered
from services.postgres.migrations.stored_format import STORED_FORMAT, fingerprint

NAME: Final = "baseline"
DESCRIPTION: Final = (
    "An empty database has the ledger, the read models and what they are built with."
)
TAKES: Final = "a second; nobody is there yet who could wait"


def scripts() -> Mapping[str, str]:
    """The scripts that say how every table is today, by what they make, in the order in which they run."""
    here = files("services.postgres")
    vault, ledger, access = (
        here.joinpath(name).read_text(encoding="utf-8")
        for name in ("vault.sql", "ledger.sql", "access.sql")
    )
    tables, control = schema.scripts()
    ledger += topics()
    return {
        "vault": vault,
        "ledger": ledger,
        "projections": tables,
        "control": control,
        "access": access,
    }


@cache
def migrations() -> Sequence[Migration]:
    """Every migration of this version, in order."""
    found = numbered()
    if not any(migration.number == 1 for migration in found):
        found = [of_today(), *found]
    return tuple(in_order(found))


def of_today() -> Migration:
    """The baseline while it is not frozen."""
    made_by = scripts()
    return Migration(
        number=1,
        name=NAME,
        description=DESCRIPTION,
        kind="contract",
        runs=AT_ONCE,
        takes=TAKES,
        stored_format=STORED_FORMAT,
        statements=made_by,
        checksum=checksum("\n".join((*made_by.values(), fingerprint()))),
    )
