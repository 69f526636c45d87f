"""The web process: pages for people, an API and FHIR for programs. It never runs a model and never loads torch."""
