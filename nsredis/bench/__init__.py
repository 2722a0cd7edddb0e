"""The load generator behind `nsredis bench`."""
