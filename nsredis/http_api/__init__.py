"""The HTTP front door: translates requests to service verbs, nothing more."""
