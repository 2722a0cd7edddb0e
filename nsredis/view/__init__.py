"""This node's copy of the namespace in memory, and how it follows Redis."""
