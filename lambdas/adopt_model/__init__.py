"""AdoptModel: the model of a search or an import becomes the run's own."""
