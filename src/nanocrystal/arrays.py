"""Arrays as fields of plain data: their types, and how JSON holds them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

PACKED = "base64"
"""the key by which a packed array is known"""


@dataclass(frozen=True)
class Packed:
    """How JSON holds an array exactly: its shape, and its numbers as base64 of little-endian bytes of a dtype."""

    dtype: str

    def packed(self, values: NDArray[Any]) -> dict[str, Any]:
        """Return an array as JSON holds it."""
        plain = np.ascontiguousarray(values, dtype=self.dtype)
        text = base64.b64encode(plain.tobytes()).decode("ascii")
        return {"dtype": self.dtype, "shape": list(np.shape(values)), PACKED: text}

    def unpacked(self, value: Any) -> NDArray[Any]:
        """Return the array that JSON holds, or a sequence of numbers as an array; raises ValueError for neither."""
        if not isinstance(value, dict):
            return np.asarray(value, dtype=self.dtype)
        content = base64.b64decode(value[PACKED], validate=True)
        return np.frombuffer(content, dtype=self.dtype).reshape(value["shape"]).copy()

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            self.unpacked, serialization=core_schema.plain_serializer_function_ser_schema(self.packed)
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {
            "description": "an array: its numbers in C order, little-endian, as base64",
            "type": "object",
            "properties": {
                "dtype": {"const": self.dtype},
                "shape": {"type": "array", "items": {"type": "integer"}},
                PACKED: {"type": "string", "contentEncoding": "base64"},
            },
            "required": ["dtype", "shape", PACKED],
        }


@dataclass(frozen=True)
class PackedRows:
    """How JSON holds a sparse matrix of SciPy exactly: its rows one after another, as scipy.sparse.csr_array does."""

    def packed(self, matrix: Any) -> dict[str, Any]:
        """Return a sparse matrix as JSON holds it: where each row starts, columns and values."""
        rows = matrix.tocsr()
        arrays = {"starts": (rows.indptr, "<i4"), "columns": (rows.indices, "<i4"), "values": (rows.data, "<f8")}
        return {"rows": list(rows.shape), **{name: Packed(dtype).packed(a) for name, (a, dtype) in arrays.items()}}

    def unpacked(self, value: Any) -> Any:
        """Return the sparse matrix that JSON holds, or one as it is; raises ValueError for neither."""
        from scipy.sparse import csr_array

        if not isinstance(value, dict):
            return csr_array(value)
        starts, columns = (Packed("<i4").unpacked(value[name]) for name in ("starts", "columns"))
        matrix = csr_array((Packed("<f8").unpacked(value["values"]), columns, starts), shape=tuple(value["rows"]))
        matrix.check_format(full_check=True)  # its sums take columns as they are, also those that are not there
        return matrix

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            self.unpacked, serialization=core_schema.plain_serializer_function_ser_schema(self.packed)
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        packed = {name: {"type": "object"} for name in ("starts", "columns", "values")}
        return {
            "description": "a sparse matrix by rows: its shape, where each row starts, columns and values, packed",
            "type": "object",
            "properties": {"rows": {"type": "array", "items": {"type": "integer"}}, **packed},
            "required": ["rows", *packed],
        }


@dataclass(frozen=True)
class Listed:
    """How JSON holds a small array that people read there: as nested lists; what is not finite becomes null."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            lambda value: np.asarray(value, dtype=np.float64),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda values: np.asarray(values).tolist()),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"description": "an array as nested lists; null is not a finite number", "type": "array"}


FloatArray = Annotated[NDArray[np.float64], Packed("<f8")]
ComplexArray = Annotated[NDArray[np.complex128], Packed("<c16")]
IntArray = Annotated[NDArray[np.int64], Packed("<i8")]
SingleArray = Annotated[NDArray[np.floating[Any]], Packed("<f4")]
ByteArray = Annotated[NDArray[np.uint8], Packed("|u1")]
SparseArray = Annotated[Any, PackedRows()]
"""a sparse matrix of SciPy"""
Table = Annotated[NDArray[np.float64], Listed()]
"""a small array, as people read it in a document"""


def without_arrays(document: Any) -> Any:
    """Return a document without what is packed in it."""
    if isinstance(document, dict):
        return {k: without_arrays(v) for k, v in document.items() if not _is_packed(v)}
    if isinstance(document, list):
        return [without_arrays(v) for v in document if not _is_packed(v)]
    return document


def _is_packed(value: Any) -> bool:
    return isinstance(value, dict) and PACKED in value
