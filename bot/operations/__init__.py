"""Use cases. Services return values or raise; they never format."""
