"""Where tools and services run."""
