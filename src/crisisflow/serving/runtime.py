"""Runtimes: what computes a row's logits, PyTorch or ONNX Runtime, in float32 or with int8 weights."""

import io
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

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
    return onnx_forward(to_int8(to_onnx(row)) if runtime == "onnx-int8" else to_onnx(row), threads)


def onnx_forward(graph: bytes, threads: int) -> Forward:
    """The forward pass of a graph that `to_onnx` or `to_int8` has made.

    Args:
        threads: CPU threads of one pass.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait take the cores from what reads and answers requests.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    wanted = [output.name for output in session.get_outputs()]

    def forward(ids: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
        found = dict(zip(wanted, session.run(wanted, dict(zip(INPUTS, (ids, mask), strict=True))), strict=True))
        return found.get("entity"), found.get("classes")

    return forward


def to_onnx(row: TrainedRow) -> bytes:
    """The encoder and the heads of a row as one ONNX graph, for batches of any shape.

    It is made in memory from the row's safetensors: a row has no second file of weights to be vouched for. By
    PyTorch's exporter of traced graphs: the newer one took eight times as long for the same graph.
    """
    fixed = {"padding": "max_length", "truncation": True, "max_length": 8, "return_tensors": "pt"}
    example = row.tokenizer(["two texts of", "unlike length"], **fixed)
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
    """The graph with int8 weights: a quarter of the bytes, and faster. The same graph gives the same bytes.

    Matrix products get theirs by dynamic quantization: a scale for each column, and their inputs are quantized as they
    come. Weights use seven bits, since processors without VNNI saturate with eight. What a text gets depends a little
    on those that go with it. Tables of embeddings get eight bits and a scale for each row, and a row that is looked up
    is float32 again: the error is below one percent (docs/serving_measurements.md).
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # quantize_dynamic writes files only, and advises what makes this graph no better.
    with TemporaryDirectory(prefix="crisisflow-") as folder, _without_advice():
        path = Path(folder) / "model.onnx"
        quantize_dynamic(
            onnx.load_from_string(graph),
            path,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
        model = onnx.load_from_string(path.read_bytes())
    _quantize_tables(model.graph)
    return model.SerializeToString(deterministic=True)


@contextmanager
def _without_advice() -> Iterator[None]:
    """Log no warnings meanwhile."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _quantize_tables(graph: Any) -> None:
    """Store each table of float32 whose rows are looked up, and which nothing else reads, as int8 and a scale a row."""
    from onnx import TensorProto, helper, numpy_helper

    tables = {own.name: own for own in graph.initializer if own.data_type == TensorProto.FLOAT and len(own.dims) == 2}
    for node in graph.node:
        for at, name in enumerate(node.input):
            if (node.op_type, at) != ("Gather", 0):
                tables.pop(name, None)
    nodes = []
    for node in graph.node:
        if node.op_type != "Gather" or node.input[0] not in tables:
            nodes.append(node)
            continue
        (name, ids), (out,) = node.input, node.output
        nodes += [
            helper.make_node("Gather", [f"{name}_int8", ids], [f"{out}_int8"]),
            helper.make_node("Cast", [f"{out}_int8"], [f"{out}_float"], to=TensorProto.FLOAT),
            helper.make_node("Gather", [f"{name}_scale", ids], [f"{out}_scale"]),
            helper.make_node("Mul", [f"{out}_float", f"{out}_scale"], [out]),
        ]
    for name, table in tables.items():
        weights = numpy_helper.to_array(table)
        scale = np.maximum(np.abs(weights).max(axis=1, keepdims=True) / 127, np.finfo(np.float32).tiny)
        stored = np.rint(weights / scale).astype(np.int8)
        graph.initializer.remove(table)
        graph.initializer.append(numpy_helper.from_array(stored, f"{name}_int8"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
    del graph.node[:]
    graph.node.extend(nodes)
