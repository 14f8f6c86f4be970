"""Ingest: posts from sources into a store, and from there to the agencies that can act."""
