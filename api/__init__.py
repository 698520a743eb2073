"""HTTP: JSON for the review page, uploads for devices, sign-in. Talks to ``casework`` and below."""
