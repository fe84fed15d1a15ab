"""The speed figures, and what they are compared with: `python -m bench`."""
