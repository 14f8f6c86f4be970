"""Products of a constant sparse matrix and a dense one, with gradients; and the rows of a sparse matrix.

PyTorch's embedding_bag sums weighted rows of a table, which is such a product. Its own gradient takes twice the time of
the product with the transposed matrix, and PyTorch's CSR tensors take twice the time of embedding_bag.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


class SparseMatrix(NamedTuple):
    """Compressed rows: of row r the columns and values from starts[r] to starts[r + 1]; it has `width` columns."""

    starts: Tensor  # [rows + 1]
    columns: Tensor  # [entries]
    values: Tensor  # [entries]
    width: int

    @property
    def rows(self) -> int:
        return len(self.starts) - 1


def rows_of(matrix: SparseMatrix, rows: Tensor) -> SparseMatrix:
    """These rows [k] of the matrix, in this order."""
    begins = matrix.starts[rows]
    sizes = matrix.starts[rows + 1] - begins
    starts = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    places = torch.arange(int(starts[-1]), device=rows.device) + torch.repeat_interleave(begins - starts[:-1], sizes)
    return SparseMatrix(starts, matrix.columns[places], matrix.values[places], matrix.width)


def compact(matrix: SparseMatrix) -> tuple[Tensor, SparseMatrix]:
    """The columns that have entries, ascending, and the matrix of these columns alone."""
    columns, places = torch.unique(matrix.columns, return_inverse=True)
    return columns, SparseMatrix(matrix.starts, places, matrix.values, len(columns))


def transposed(matrix: SparseMatrix) -> SparseMatrix:
    """The transposed matrix."""
    order = torch.argsort(matrix.columns, stable=True)
    rows = torch.repeat_interleave(torch.arange(matrix.rows, device=order.device), matrix.starts.diff())
    sizes = torch.bincount(matrix.columns, minlength=matrix.width)
    starts = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    return SparseMatrix(starts, rows[order], matrix.values[order], matrix.rows)


def product(matrix: SparseMatrix, dense: Tensor) -> Tensor:
    """The product [rows, d] with a dense matrix [width, d], which may need a gradient."""
    return _Product.apply(dense, matrix)


def _product(matrix: SparseMatrix, dense: Tensor) -> Tensor:
    if not len(matrix.columns):
        return dense.new_zeros(matrix.rows, dense.shape[1])
    values = matrix.values.to(dense.dtype)
    return embedding_bag(matrix.columns, dense, matrix.starts[:-1], mode="sum", per_sample_weights=values)


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, dense: Tensor, matrix: SparseMatrix) -> Tensor:
        ctx.matrix = matrix
        return _product(matrix, dense)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _product(transposed(ctx.matrix), gradient.contiguous()), None
