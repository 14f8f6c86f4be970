"""Places: the gazetteer, the keys of names, and where a named place is."""
