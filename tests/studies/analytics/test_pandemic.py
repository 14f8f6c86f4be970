"""The embedded pandemic: classes, weeks and places are those of the templates, and a seed gives the same posts."""

from collections import Counter
from datetime import timedelta

from crisisflow.studies.analytics.pandemic import generate, templates
from crisisflow.studies.analytics.reproduction import CLASSES


def test_posts_are_of_all_classes_places_and_weeks():
    posts = list(generate(1_200, 13))
    assert len({post.tweet_id for post in posts}) == 1_200
    classes = Counter(value for post in posts for _, value in post.labels)
    assert set(classes) == set(templates()["classes"]) and min(classes.values()) > 60
    assert {post.event for post in posts} == set(templates()["places"]) and len(templates()["places"]) == 5
    times = [post.time for post in posts]
    weeks = {(time - min(times)).days // 7 for time in times}
    assert weeks == {0, 1, 2, 3} and max(times) - min(times) < timedelta(days=28)
    repeats = 1_200 - len({post.text for post in posts})
    assert 20 < repeats < 200


def test_a_seed_gives_the_same_posts_and_another_one_others():
    assert list(generate(50, 1)) == list(generate(50, 1))
    assert [post.text for post in generate(50, 1)] != [post.text for post in generate(50, 2)]


def test_a_post_says_nothing_that_its_templates_do_not():
    for post in generate(300, 5):
        assert "{" not in post.text and "}" not in post.text
        assert all(word in ("@town_news", "@health_desk:") for word in post.text.split() if word.startswith("@"))
        assert all("example.org" in word for word in post.text.split() if "://" in word)


def test_the_classes_are_those_of_the_paper():
    assert list(templates()["classes"]) == list(CLASSES)
