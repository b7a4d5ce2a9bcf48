"""Live pages: events that say what changed, and how they reach the sockets of the web processes."""
