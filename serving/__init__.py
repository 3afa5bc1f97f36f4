"""What answers predictions."""
