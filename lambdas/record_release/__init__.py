"""RecordRelease: the version that is live now."""
