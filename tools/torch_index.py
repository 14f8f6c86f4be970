"""Decide where torch comes from: `pip install --dry-run --report - torch | python torch_index.py INDEX`.

Prints INDEX, that of a CPU build, where pip by itself would take NVIDIA's packages with torch; otherwise nothing. Needs
Python alone, since nothing is installed yet.
"""

import json
import re
import sys
from typing import Any

NVIDIA = re.compile(r"(nvidia|cuda)(-|$)")
CUDA_BUILD = re.compile(r"\+cu\d")  # as in 2.13.0+cu130


def brings_nvidia(report: dict[str, Any]) -> bool:
    """Whether pip's installation report has packages of NVIDIA's, or a build of torch that asks for them."""
    for item in report["install"]:
        name = re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
        if NVIDIA.match(name) or (name == "torch" and CUDA_BUILD.search(item["metadata"]["version"])):
            return True
    return False


if __name__ == "__main__":
    report = sys.stdin.read()
    if report and brings_nvidia(json.loads(report)):  # empty where pip failed, which says why by itself
        print(sys.argv[1])
