"""The Web API, method by method."""
