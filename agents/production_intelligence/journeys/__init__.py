"""User journeys: sessions into ways, and new sessions held against the known ones."""
