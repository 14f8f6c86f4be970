"""Workers that are killed at random moments while receivers fail at random (benchmarks/delivery.py has the harness)."""

import random

from benchmarks.delivery import AGENCIES, STEPS, crash

KILLS, INCIDENTS = 20, 15


def test_every_alert_arrives_with_one_id_and_in_order_although_workers_are_killed(tmp_path):
    found = crash(tmp_path, INCIDENTS, KILLS, random.Random(7))
    assert (found.missing, found.other_ids, found.out_of_order) == ([], [], [])
    assert found.integrity == "ok"
    assert found.alerts == INCIDENTS * STEPS * len(AGENCIES)
    assert found.received >= found.alerts - INCIDENTS // 5 * STEPS * len(AGENCIES)
