"""Brokers, queues, routes, changes, leases, errors: pure, standard library only."""
