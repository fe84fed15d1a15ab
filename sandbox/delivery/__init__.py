"""Ways in which payloads reach the app: Socket Mode and signed HTTP."""
