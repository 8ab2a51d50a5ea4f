"""Whether a batch was judged with the catalogues of now."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from psycopg2.extensions import cursor

from projections import catalogue
from projections.status.record import Rules


class StaleRules(Exception):
    """Catalogues moved on while a batch was being judged, or it changes them and they are not locked yet."""

    def __init__(self, partner_ids: AbstractSet[int]) -> None:
        super().__init__(
            f"judged with other rules than those of now, of partners {sorted(partner_ids)}"
        )
        self.partner_ids = partner_ids


def check_rules(work: cursor, rules: Mapping[int, Rules]) -> None:
    """Raises StaleRules where the batch was judged with other rules than those of now."""
    heads = catalogue.heads(work, rules)
    moved = {
        partner_id
        for partner_id, held in rules.items()
        if heads[partner_id] != (held.revision, held.package_sales_end)
    }
    if moved:
        raise StaleRules(moved)
