"""Reporting: exhibits, drawing, provenance and references, which the reports of all studies share."""
