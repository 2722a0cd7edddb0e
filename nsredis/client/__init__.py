"""The client library: what brokers, applications and our own commands import."""
