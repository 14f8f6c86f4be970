"""The model of gnom_predict in a clone that has no run."""

import json
from pathlib import Path

from crisisflow.studies.gnom.answering import SHIPPED, answered, open_run

ROOT = Path(__file__).parents[3]
INFORMATIVE = {
    "The bridge on the coast road collapsed after the earthquake": True,
    "Firefighters evacuate two hundred families as the river rises": True,
    "My new phone arrived today and I love it": False,
    "Good morning, coffee and a long day at the office": False,
    "El terremoto destruyó muchas casas en la costa": True,
    "Qué rico el almuerzo de hoy con mis amigos": False,
    "La final del campeonato empieza a las ocho": False,
    "La scossa ha danneggiato l'ospedale della città": True,
    "Servono coperte e acqua per gli sfollati del terremoto": True,
    "Stasera pizza e un bel film con mia sorella": False,
}


def test_a_clone_without_a_run_answers_in_three_languages(tmp_path, capsys):
    kept = open_run("gnom_predict", None, tmp_path, ROOT / SHIPPED)
    assert capsys.readouterr().err == f"gnom_predict: by {ROOT / SHIPPED}\n"
    found = list(answered(kept, [json.dumps({"text": text}) for text in INFORMATIVE], "here", False))
    assert {own["text"]: own["labels"] == ["informative"] for own in found} == INFORMATIVE
