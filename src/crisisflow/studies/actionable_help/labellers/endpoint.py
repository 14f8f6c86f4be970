"""Endpoint: a language model behind an OpenAI-compatible chat completions API.

Texts are masked before they leave: no handle, address or phone number is sent. The key of the endpoint is read from the
environment when it is needed, and is in no message, log or artifact.
"""

import ipaddress
import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import httpx
import tenacity

from crisisflow.errors import CrisisflowError
from crisisflow.masking import mask
from crisisflow.progress import Progress, say
from crisisflow.studies.actionable_help.labelled import Labelled
from crisisflow.studies.actionable_help.labellers.answers import key_of, opened
from crisisflow.studies.actionable_help.labellers.prompts import instruction, load_prompts
from crisisflow.studies.actionable_help.labels import LABELS
from crisisflow.studies.actionable_help.params import EndpointParams

MOST_WAIT = 60.0  # seconds between two attempts

# The answer that is asked for (structured outputs: OpenAI, vLLM, llama.cpp, Ollama and others know it).
FORMAT = {
    "type": "json_schema",
    "json_schema": {
        "name": "label",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"label": {"type": "string", "enum": list(LABELS)}},
            "required": ["label"],
            "additionalProperties": False,
        },
    },
}


class _Again(Exception):
    """An attempt that may succeed later, and how long the endpoint asks to wait."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Answer(NamedTuple):
    """What a model wrote, and the tokens that it took."""

    content: str
    tokens: int


def parse(content: str) -> str | None:
    """The label in what a model wrote: one JSON object with the one key `label`, and nothing else; None of all else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.keys() != {"label"}:
        return None
    return found["label"] if found["label"] in LABELS else None


def check_address(params: EndpointParams) -> None:
    """Refuse an address that is none, or that is not of this machine without leave.

    Raises:
        CrisisflowError: it is so.
    """
    try:
        parts = httpx.URL(params.url)
    except httpx.InvalidURL:
        parts = httpx.URL()
    if parts.scheme not in ("http", "https") or not parts.host or parts.userinfo or parts.query or parts.fragment:
        raise CrisisflowError(f"the endpoint's url must be http(s)://HOST[:PORT]/PATH, such as {EXAMPLE}")
    try:
        local = ipaddress.ip_address(parts.host).is_loopback
    except ValueError:
        local = parts.host == "localhost"
    if not local and not params.allow_remote:
        raise CrisisflowError(
            f"the endpoint {parts.host} is not this machine, and texts of tweets would be sent to it; "
            "say allow_remote: true if you may"
        )


EXAMPLE = "http://127.0.0.1:8080/v1"


def _key(variable: str | None) -> str | None:
    """The value of the environment variable.

    Raises:
        CrisisflowError: it is not set, or holds what no header can.
    """
    if variable is None:
        return None
    value = os.environ.get(variable, "").strip()
    if not value:
        raise CrisisflowError(f"the environment variable {variable}, which has the endpoint's key, is not set")
    if not (value.isascii() and value.isprintable()):
        raise CrisisflowError(f"the environment variable {variable} holds no key: letters, digits and signs only")
    return value


def body_of(text: str, params: EndpointParams, told: str) -> dict[str, Any]:
    """The question for a text, which is masked here."""
    return {
        "model": params.model,
        "messages": [
            {"role": "system", "content": told},
            {"role": "user", "content": f"<tweet>{mask(text)}</tweet>"},
        ],
        "temperature": 0,
        "seed": params.seed,
        "max_tokens": params.max_tokens,
        "response_format": FORMAT,
    }


class _Endpoint:
    """Asks one question at a time in each of several threads."""

    def __init__(self, params: EndpointParams, sleep: Callable[[float], None] | None) -> None:
        self._params = params
        self._stopped = Event()
        self._sleep = sleep or self._stopped.wait
        key = _key(params.key)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # A proxy or .netrc of the environment would carry texts off this machine.
        self._client = httpx.Client(
            base_url=params.url.rstrip("/"),
            headers=headers,
            timeout=params.timeout,
            trust_env=params.allow_remote,
            limits=httpx.Limits(max_connections=params.concurrency),
        )

    def stop(self) -> None:
        """Let no question be asked again."""
        self._stopped.set()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, body: dict[str, Any]) -> Answer:
        """The answer to a question, asked again after what may pass.

        Raises:
            CrisisflowError: there is none after so many attempts, or none can be expected.
        """
        attempts = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._params.attempts),
            retry=tenacity.retry_if_exception_type(_Again),
            wait=_seconds,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return attempts(self._once, body)
        except _Again as last:
            raise CrisisflowError(
                f"the endpoint {self._params.url} gave no answer in {self._params.attempts} attempts: {last}; "
                "the answers so far are kept, so the same command goes on"
            ) from None

    def _once(self, body: dict[str, Any]) -> Answer:
        if self._stopped.is_set():
            raise CrisisflowError(f"the endpoint {self._params.url} failed for another text")
        try:
            response = self._client.post("/chat/completions", json=body)
        except httpx.TimeoutException:
            raise _Again(f"no answer within {self._params.timeout:g} seconds") from None
        except httpx.RequestError as error:
            # The text of such an error has addresses, but neither body nor headers.
            raise _Again(f"the connection failed ({type(error).__name__})") from None
        status = response.status_code
        if status == 429 or status >= 500:
            raise _Again(f"status {status}", _retry_after(response))
        if status in (401, 403):
            named = f"the key in {self._params.key}" if self._params.key else "a question without a key"
            raise CrisisflowError(f"the endpoint {self._params.url} refuses {named} (status {status})")
        if status != 200:
            raise CrisisflowError(f"the endpoint {self._params.url} answers with status {status}; check url and model")
        return self._read(response)

    def _read(self, response: httpx.Response) -> Answer:
        try:
            found = response.json()
            content, tokens = found["choices"][0]["message"]["content"], (found.get("usage") or {}).get("total_tokens")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            kind = response.headers.get("content-type", "no type").partition(";")[0]
            raise CrisisflowError(
                f"the endpoint {self._params.url} answers with {kind} that is no chat completion; check url and model"
            ) from None
        return Answer(content if isinstance(content, str) else "", tokens if isinstance(tokens, int) else 0)


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return float(response.headers["retry-after"])
    except (KeyError, ValueError):  # none, or a date
        return None


_BACKOFF = tenacity.wait_exponential_jitter(initial=1, max=MOST_WAIT)


def _seconds(state: tenacity.RetryCallState) -> float:
    """How long to wait: as long as the endpoint asks, within bounds, or longer after each attempt."""
    asked = state.outcome.exception().seconds if state.outcome else None
    return _BACKOFF(state) if asked is None else min(max(asked, 0.0), MOST_WAIT)


def label(
    texts: Sequence[str], params: EndpointParams, answers: Path, sleep: Callable[[float], None] | None = None
) -> list[Labelled]:
    """The labels of prepared texts; the evidence is the beginning of the key under which the answer is kept.

    Args:
        answers: the file of the kept answers.
        sleep: waits so many seconds before another attempt; None waits for as long as no other question failed.

    Raises:
        CrisisflowError: the address is not of this machine, its key is not set, it refuses, fails in every attempt or
            is no such endpoint, or none of its answers is a label. What was answered before is kept.
    """
    check_address(params)
    told = instruction(load_prompts(params.prompt))
    bodies = [body_of(text, params, told) for text in texts]
    keys = [key_of(body) for body in bodies]
    with opened(answers) as kept:
        missing = {key: body for key, body in zip(keys, bodies, strict=True) if kept.get(key) is None}
        if missing:
            _ask_all(missing, params, kept.keep, sleep)
        contents = [kept.get(key) for key in keys]
    names = [parse(content) for content in contents]
    if texts and not any(names):
        raise CrisisflowError(
            f"the endpoint {params.url} gave no label for any of {len(texts):,} texts; use another model, and delete "
            f"{answers}"
        )
    if unusable := names.count(None):
        say(f"label: {unusable:,} of {len(texts):,} answers are unusable")
    return [Labelled(name, None, (f"answer.{key[:12]}",)) for name, key in zip(names, keys, strict=True)]


def _ask_all(
    missing: dict[str, dict[str, Any]],
    params: EndpointParams,
    keep: Callable[[str, str], None],
    sleep: Callable[[float], None] | None,
) -> None:
    """Ask all questions, so many at a time, and keep each answer when it comes.

    After a failure no further question is asked; the answers that are on their way are kept.
    """
    endpoint = _Endpoint(params, sleep)
    progress = Progress(f"Labelling by {params.model}", len(missing))
    start, tokens, waiting = time.monotonic(), 0, iter(missing.items())
    failure: CrisisflowError | None = None
    try:
        with ThreadPoolExecutor(params.concurrency) as pool:
            running: dict[Future[Answer], str] = {}
            try:
                while True:
                    if failure is None:
                        for key, body in islice(waiting, params.concurrency - len(running)):
                            running[pool.submit(endpoint.ask, body)] = key
                    if not running:
                        break
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        key = running.pop(future)
                        try:
                            answer = future.result()
                        except CrisisflowError as error:
                            failure = failure or error
                            endpoint.stop()
                            continue
                        keep(key, answer.content)
                        tokens += answer.tokens
                        progress.advance(1)
            finally:
                endpoint.stop()
    finally:
        endpoint.close()
        progress.close()
    if failure is not None:
        raise failure
    seconds = time.monotonic() - start
    rate = len(missing) / seconds
    say(f"label: {len(missing):,} texts asked, {tokens:,} tokens, {seconds:,.0f} s, {rate:.1f} texts/s")
