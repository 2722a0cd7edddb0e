"""Histories that are checked: seeded traffic and faults on real processes; promises are read off the lines."""
