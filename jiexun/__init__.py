"""The front door: command line, settings, and the pipeline that ties the rooms together."""
