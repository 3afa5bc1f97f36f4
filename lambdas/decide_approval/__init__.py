"""The page behind the mailed link; only its form decides."""
