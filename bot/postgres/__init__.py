"""What Baseliner does to PostgreSQL: dump, load, swap, digest, facts, log shipping.

All of it is synchronous: call it from a worker thread.
"""
