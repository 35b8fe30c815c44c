"""Those who use components: which pipelines and locks a change breaks, and at which argument."""
