"""Custom::ContainerCode: the container code in the bucket."""
