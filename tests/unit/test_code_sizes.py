"""The tool that shows where the code is long or wide, and how many places a change touches."""

from pathlib import Path

from tools.code_sizes import EXAMPLES, ROOT, Example, edits, functions, report


def test_methods_and_inner_functions_count_without_self():
    source = "class A:\n    def b(self, c, *, d):\n        async def e(f, /): ...\n        return e\n"
    assert [(own.name, own.lines, own.parameters) for own in functions(source, "m")] == [("m: b", 3, 2), ("m: e", 1, 1)]


def planted(root: Path) -> Path:
    files = {
        "src/crisisflow/a.py": "def run(knob, other):\n    return knob\n",
        "rules.smk": "rule a:\n    input: knob\n\n\nrule b:\n    input: knob, knob_too\n    shell: knob\n",
        "params.yaml": "knob: 1\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_the_places_of_an_example_are_the_lines_that_name_it(tmp_path):
    example = Example(r"\bknob\b", ("rules.smk", "src", "params.yaml"), "b")
    assert edits(planted(tmp_path), example) == {"rules.smk": 2, "src/crisisflow/a.py": 2, "params.yaml": 1}


def test_the_report_shows_the_longest_and_widest_first_and_sets_generated_files_apart(tmp_path):
    lines = list(report(planted(tmp_path), {"a knob": Example(r"\bknob\b", ("src", "params.yaml"))}))
    assert "     2  a.py" in lines
    assert "     2  a.py: run" in lines
    assert "     2  a knob: in 1 files, and 1 generated" in lines


def test_the_examples_are_there():
    for example in EXAMPLES.values():
        files = edits(ROOT, example)
        assert len(files) > 1
        assert not [file for file in files if "/studies/" in file and "/humaid_ner/" not in file]
