"""The command line: the same program for a laptop and for AWS."""
