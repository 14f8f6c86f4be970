"""The process of the rules."""

import asyncio
import signal
from pathlib import Path

import pytest

from crisisflow.params import SharedParams, read_own
from crisisflow.serving.batcher import Overloaded
from crisisflow.serving.opinion import Rules


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="what a process blocks is read from /proc")
def test_a_process_of_the_rules_never_sees_ctrl_c_not_even_while_it_starts():
    rules = Rules(
        read_own(Path(__file__).parents[2] / "presets" / "sample" / "shared.yaml", SharedParams).annotation, 1
    )

    async def start() -> str:
        asking = asyncio.create_task(rules.ask("Flood in Kerala"))
        await asyncio.sleep(0)  # the task starts the process
        (process,) = rules._process._processes.values()
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.kill()
        with pytest.raises(Overloaded):
            await asking
        return status

    status = asyncio.run(start())
    rules.close()
    blocked = int(status.partition("SigBlk:")[2].split()[0], 16)
    assert blocked >> (signal.SIGINT - 1) & 1
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
