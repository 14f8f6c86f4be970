"""Chapter 6: metrics, tables and the report."""
