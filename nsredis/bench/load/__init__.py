"""The load generator: what is sent, the two programs that send it, and what they found."""
