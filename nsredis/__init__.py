"""nsredis: a clustered name server, backed by Redis."""

__version__ = "0.1.0"
