"""Fleet, the demo's application: which network devices keep to which configuration baseline."""
