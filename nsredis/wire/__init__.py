"""Sans-I/O: bytes to objects and back."""
