"""UpdateEndpoint: create or update the endpoint."""
