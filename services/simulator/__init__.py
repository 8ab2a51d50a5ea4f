"""A simulated season of the eight partners, and an oracle that says what has to be answered.

Both are independent of the system they try: neither imports `domain` or `projections`.
"""

from services.simulator.json_lines import as_json_lines
from services.simulator.record import SimulatedRecord
from services.simulator.season import simulate

__all__ = ["SimulatedRecord", "as_json_lines", "simulate"]
