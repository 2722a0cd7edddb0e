"""What the kernel tells: cores, processor time, memory, and whether anybody else is at work."""
