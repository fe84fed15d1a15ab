"""The bot's own tables in the state database, SQL per aggregate.

Every function takes the connection of the transaction that it takes part in.
"""
