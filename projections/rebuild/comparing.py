"""How the tables of a rebuild differ from the live ones, row by row."""

from projections.storage.cursor import Cursor
from projections.storage.schema import LIVE, NEXT

READ_MODELS = (
    "purchased_class",
    "purchase",
    "class",
    "package",
    "rollup",
    "institution_rollup",
    "day_block",
    "watched_class",
    "midnight",
    "day_place",
    "day_lane",
    "day_partner",
    "sequence_range",
    "sequence_count",
    "sequence_lane",
    "sequence_rejected",
    "sequence_rejection_lane",
)


def differences(cursor: Cursor) -> dict[str, int]:
    """Per table, the number of rows that only the live or only the rebuilt one has."""
    found: dict[str, int] = {}
    for table in READ_MODELS:
        live, rebuilt = f"{LIVE}.{table}", f"{NEXT}.{table}"
        cursor.execute(
            f"SELECT count(*) FROM ((TABLE {live} EXCEPT ALL TABLE {rebuilt})"  # noqa: S608
            f" UNION ALL (TABLE {rebuilt} EXCEPT ALL TABLE {live})) AS difference"
        )
        found[table] = cursor.fetchone()[0]
    return found
