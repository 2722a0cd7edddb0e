"""The verbs that both front doors share."""
