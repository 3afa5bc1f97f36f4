"""The only modules that talk to AWS: one per port, each answering it in the release's own words."""
