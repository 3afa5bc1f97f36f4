"""The pages that people see, apart from HTTP: layout and style, how numbers are written, and a model's page."""
