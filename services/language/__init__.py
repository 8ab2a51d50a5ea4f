"""What people read, in their language: texts by a catalogue, numbers, rupiah, days and shares by CLDR."""
