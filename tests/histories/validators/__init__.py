"""One promise a file: histories in, violations out."""
