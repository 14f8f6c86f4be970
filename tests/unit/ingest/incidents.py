"""Generated incidents."""

from datetime import UTC, datetime
from typing import Any

from crisisflow.ingest.incident import Incident, Where

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
KATHMANDU = Where(name="Kathmandu", kind="city", country="Nepal", latitude=27.7, longitude=85.32)


def incident(**facts: Any) -> Incident:
    """An incident with facts of one's own; a traffic accident in Kathmandu without."""
    return Incident(
        **{
            "id": "i1",
            "type": "traffic_accident",
            "classes": {"injured_or_dead_people": 0.8, "caution_and_advice": 0.2},
            "entities": {"LOCATION": 2},
            "numbers": {"injured": (2, 5)},
            "place": KATHMANDU,
            "languages": ("en",),
            "confidence": 0.8,
            "posts": 3,
            "authors": 2,
            "since": AT,
            "until": AT,
            "examples": ({"id": "1", "text": "Bus overturned near Kathmandu, 5 hurt, call +977 985 1234567"},),
        }
        | facts
    )
