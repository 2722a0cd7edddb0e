"""The servers that are measured, ours and others'. Each is started here and ends with this process."""
