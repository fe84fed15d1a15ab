"""Pure functions from models to blocks."""
