# The environment of the workflow, and nothing of a study: a pod works in a checkout on its volume (docs/scale.md).
FROM python:3.11.13-slim-bookworm

# Debian keeps one version of a package at a time, so that a pin would break the build within weeks.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 crisisflow

WORKDIR /opt/crisisflow
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
RUN pip install --no-cache-dir --constraint constraints.txt .

USER 1000
WORKDIR /home/crisisflow
