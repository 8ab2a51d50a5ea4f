"""What holds for all processes on one database: `tuntas migrate` (and `up`, `demo`) set it, the others compare."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from domain.vocabulary import DEFAULT_PACKAGE_SALES_END, PARTNER_CODES
from projections.catalogue import heads, set_package_sales_end
from services.postgres.server_number import must_be, set_server_number
from services.setting_texts import instant
from services.settings import Settings
from services.unworkable import Unworkable

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def set_rules(work: Any, settings: Settings) -> None:
    """Makes the settings the database's rules; what is not set stays as it is. Rows follow by themselves.

    Raises Unworkable when the database is another server's of several.
    """
    set_server_number(work, settings.server_number)
    held = _sales_ends(work)
    wanted = settings.package_sales_end
    if wanted is None:
        wanted = min(held) if held else instant(DEFAULT_PACKAGE_SALES_END)
    set_package_sales_end(work, wanted)


def rules_agree(work: Any, settings: Settings) -> None:
    """Returns when this process goes by the database's rules; raises Unworkable, saying which differ and what to do."""
    must_be(work, settings.server_number)
    held = _sales_ends(work)
    wanted = settings.package_sales_end
    if held and wanted is not None and held != {wanted}:
        raise Unworkable(
            f"On this database selling packages is forbidden from {_shown(min(held))} on, and this process's "
            f"TUNTAS_PACKAGE_SALES_END says {_shown(wanted)}. Leave it out here, or run `tuntas "
            "migrate` with it and start every service again with the same."
        )


def _sales_ends(work: Any) -> set[int]:
    return {end for _, end in heads(work, PARTNER_CODES).values()}


def _shown(microseconds: int) -> str:
    return (EPOCH + timedelta(microseconds=microseconds)).isoformat().replace("+00:00", "Z")
