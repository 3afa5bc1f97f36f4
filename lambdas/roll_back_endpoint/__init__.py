"""RollBackEndpoint: back to the configuration before."""
