"""Runtimes: what computes a row's logits, PyTorch or ONNX Runtime, in float32 or with int8 weights."""

import io
import os
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import torch

from crisisflow.inference import Forward, TrainedRow, torch_forward

Runtime = Literal["onnx", "onnx-int8", "torch"]

INPUTS, OUTPUTS = ("input_ids", "mask"), {"ner": "entity", "cls": "classes"}
OPSET = 17

# Read when ONNX Runtime is imported, which otherwise gives the machine an id and keeps events in the home folder.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def open_runtime(row: TrainedRow, runtime: Runtime, threads: int) -> Forward:
    """The forward pass of a row.

    Args:
        threads: CPU threads of one pass.
    """
    if runtime == "torch":
        return torch_forward(row, threads)
    return _onnx(row, to_int8(to_onnx(row)) if runtime == "onnx-int8" else to_onnx(row), threads)


def _onnx(row: TrainedRow, graph: bytes, threads: int) -> Forward:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait take the cores from what reads and answers requests.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    wanted = [OUTPUTS[task] for task in row.model.tasks]

    def forward(ids: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
        found = dict(zip(wanted, session.run(wanted, dict(zip(INPUTS, (ids, mask), strict=True))), strict=True))
        return found.get("entity"), found.get("classes")

    return forward


def to_onnx(row: TrainedRow) -> bytes:
    """The encoder and the heads of a row as one ONNX graph, for batches of any shape.

    It is made in memory from the row's safetensors, so that there is no second file of weights to be vouched for. By
    PyTorch's exporter of traced graphs: the newer one took eight times as long for the same graph.
    """
    example = row.tokenizer(["two texts of", "unlike length"], padding="max_length", max_length=8, return_tensors="pt")
    names = [OUTPUTS[task] for task in row.model.tasks]
    free = {0: "batch", 1: "length"}
    graph = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the exporter is the older one, and what tracing cannot follow: tests do
        torch.onnx.export(
            _TasksOnly(row.model).eval(),
            (example["input_ids"], example["attention_mask"]),
            graph,
            input_names=list(INPUTS),
            output_names=names,
            dynamic_axes={name: {0: "batch"} if name == "classes" else free for name in (*INPUTS, *names)},
            opset_version=OPSET,
            dynamo=False,
        )
    return graph.getvalue()


class _TasksOnly(torch.nn.Module):
    """The model without the None of a task that it does not have, which a graph cannot hold."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(logits for logits in self.model(input_ids, mask) if logits is not None)


def to_int8(graph: bytes) -> bytes:
    """The graph with int8 weights in its matrix products, their inputs quantized as they come (dynamic quantization).

    Embeddings stay float32: they cost no time, and their error would go through all layers. Weights use seven bits,
    since processors without VNNI saturate with eight. What a text gets depends a little on those that go with it.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with TemporaryDirectory(prefix="crisisflow-") as folder:  # quantize_dynamic writes files only
        path = Path(folder) / "model.onnx"
        quantize_dynamic(
            onnx.load_from_string(graph),
            path,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
        return path.read_bytes()
