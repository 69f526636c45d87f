"""Several signals of one patient as one state: level, slope and swing of each, and how they move together."""
