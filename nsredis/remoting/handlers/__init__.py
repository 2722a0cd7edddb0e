"""What each request code means: translated to a verb, and its outcome to a response."""
