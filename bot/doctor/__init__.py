"""Tries every credential, privilege, version and place that the settings name, and says what to do about each."""
