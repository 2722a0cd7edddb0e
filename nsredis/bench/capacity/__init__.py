"""What brokers and topics cost: operations, bytes, processor time; and from that, what to plan for how many of them."""
