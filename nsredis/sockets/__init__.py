"""What every front door needs of sockets: listening, taking connections, counting them, and no line too many."""
