"""Delivery: alerts to the channels of agencies, at least once, with an id that never changes, in order per incident."""
