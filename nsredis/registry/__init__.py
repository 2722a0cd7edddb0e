"""Redis: the scripts, following the changes, sweeping, topology."""
