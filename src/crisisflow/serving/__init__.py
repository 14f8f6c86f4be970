"""Serving: a trained row behind a REST API and a page, or as a command over lines."""
