"""Scripts that make and measure a model; the same in a container and on a laptop."""
