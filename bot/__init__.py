"""What Baseliner does: database operations for PostgreSQL. Knows no Slack."""
