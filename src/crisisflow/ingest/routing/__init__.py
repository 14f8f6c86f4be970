"""Who is told: the ontology, agencies with areas, and rules over the facts of an incident."""
