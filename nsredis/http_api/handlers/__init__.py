"""One module for each thing that the API speaks of: its endpoints, and what they do."""
