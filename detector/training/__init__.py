"""Training, measuring and releasing models; only ``train``, ``export`` and the teacher need the ``train`` extra."""
