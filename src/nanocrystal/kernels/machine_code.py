"""Compiled kernels kept on the disk as machine code, and run without Numba, whose import outlasts a small refinement.

Numba compiles a kernel once; its LLVM text becomes an object file, which llvmlite alone links into a later process.
Arrays are passed as Numba's functions take them: two addresses of owners, number of elements, bytes of one, address,
lengths, strides (https://numba.readthedocs.io, "Notes on architecture"). Before anything is kept, a probe is compiled
and called to see that this holds for the Numba at hand. A file has a digest: what is not whole is as if not there.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

Tell = Callable[[str], None]
Signature = tuple[str, ...]
"""of each argument its element, and `[:, …]` where it is an array: ("float64[:]", "int64")"""
Key = tuple[str | int, ...]
NUMBERS = {float: "float64", np.float64: "float64", int: "int64", np.int64: "int64"}
"""types of numbers that kernels take, and what they are there"""
ELEMENTS = {"float64": ctypes.c_double, "float32": ctypes.c_float, "int64": ctypes.c_int64, "int32": ctypes.c_int32}
LENGTH = sha256().digest_size
LONG_AGO_S = 3600.0
"""after which a file that is being written is one that nobody writes any more"""
ADDRESS, COUNT = ctypes.c_void_p, ctypes.c_int64
OWNED = "NRT_MemInfo_call_dtor"
"""what Numba calls where the last reference to an array goes; the arrays that are passed have no owner"""
WELL = (0, -2)
"""what a kernel returns that has come to its end"""
DAMAGED = "A compiled kernel in {folder!r} is damaged; it is compiled anew."


class NotKept(Exception):
    """A kernel whose machine code needs more than the process has without Numba."""


# ---- what is called ---------------------------------------------------------------------------------


def key_of(arguments: Sequence[Any]) -> Key | None:
    """Return what tells the types of arguments; None where one is no number, and no array of them in the order of C.

    It is asked before each call of a kernel, of which some last microseconds.
    """
    key: list[str | int] = []
    for value in arguments:
        kind = type(value)
        if kind is np.ndarray:
            flags = value.flags
            if not (flags.c_contiguous and flags.aligned):
                return None
            key += (value.dtype.char, value.ndim)
        elif kind in NUMBERS:
            key.append(NUMBERS[kind])
        else:
            return None
    return tuple(key)


def signature_of(arguments: Sequence[Any]) -> Signature | None:
    """Return the types of arguments in words; None where `key_of` is, and for arrays of other elements."""
    if key_of(arguments) is None:
        return None
    kinds = [
        f"{v.dtype.name}[{', '.join(':' * v.ndim)}]" if isinstance(v, np.ndarray) else NUMBERS[type(v)]
        for v in arguments
    ]
    return tuple(kinds) if all(kind.partition("[")[0] in ELEMENTS for kind in kinds) else None


def _parameters(signature: Signature) -> Iterator[Any]:
    """Yield the C types of what arguments become."""
    for kind in signature:
        element, _, axes = kind.partition("[")
        if axes:
            yield from (ADDRESS, ADDRESS, COUNT, COUNT, ADDRESS, *(COUNT,) * (2 * axes.count(":")))
        else:
            yield ELEMENTS[element]


def _passed(arguments: Sequence[Any]) -> list[Any]:
    """Return what is passed for arguments."""
    passed: list[Any] = []
    for value in arguments:
        if type(value) is np.ndarray:
            address = value.__array_interface__["data"][0]
            passed += (None, None, value.size, value.itemsize, address, *value.shape, *value.strides)
        else:
            passed.append(value)
    return passed


@dataclass(frozen=True)
class ObjectFile:
    """The machine code of a kernel: its name in there, the functions of the process that it calls, and the code."""

    name: str
    calls: tuple[str, ...]
    code: bytes

    def to_bytes(self) -> bytes:
        """Return it as it stands in a file."""
        content = "\n".join([self.name, *self.calls]).encode("ascii") + b"\0" + self.code
        return sha256(content).digest() + content

    @classmethod
    def from_bytes(cls, file: bytes) -> ObjectFile:
        """Return what a file holds; raises ValueError where it is not whole."""
        if len(file) <= LENGTH or sha256(file[LENGTH:]).digest() != file[:LENGTH]:
            raise ValueError("damaged")
        head, _, code = file[LENGTH:].partition(b"\0")
        name, *calls = str(head, "ascii").split("\n")
        return cls(name, tuple(calls), code)


_nothing = ctypes.CFUNCTYPE(None, ADDRESS)(lambda _: None)
"""stands in for what is never called"""


class Linked:
    """A kernel in this process: called as its function would be, without the GIL."""

    def __init__(self, file: ObjectFile, signature: Signature) -> None:
        from llvmlite import binding

        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        for name in file.calls:
            if name == OWNED and not binding.address_of_symbol(OWNED):
                binding.add_symbol(OWNED, ctypes.cast(_nothing, ADDRESS).value)
            if not binding.address_of_symbol(name):
                raise NotKept(name)
        machine = binding.Target.from_default_triple().create_target_machine(jit=True)
        self._engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
        self._engine.add_object_file(binding.ObjectFileRef.from_data(file.code))
        self._engine.finalize_object()
        prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ADDRESS, ADDRESS, *_parameters(signature))
        self._function = prototype(self._engine.get_function_address(file.name))

    def __call__(self, *arguments: Any) -> None:
        """Call it with arguments of its signature."""
        returned, raised = ADDRESS(), ADDRESS()
        status = self._function(ctypes.byref(returned), ctypes.byref(raised), *_passed(arguments))
        if status not in WELL:
            raise ArithmeticError(f"a compiled kernel ended with {status}, as it does where it divides by zero")


# ---- how it is made ---------------------------------------------------------------------------------


def compiled_object(dispatcher: Any, signature: Signature) -> ObjectFile:
    """Return the machine code of a function that Numba compiles; raises NotKept where it cannot stand alone.

    dispatcher: what `numba.njit` made of the function.
    """
    import numba
    from llvmlite import binding

    types = tuple(_numba_type(numba.types, kind) for kind in signature)
    options = {k: v for k, v in dispatcher.targetoptions.items() if k != "nopython"}
    alone: Any = numba.njit
    function = alone(**options, no_cpython_wrapper=True, no_cfunc_wrapper=True)(dispatcher.py_func)
    function.compile(types)
    compiled = function.overloads[types]
    if compiled.signature.return_type != numba.types.none:
        raise NotKept("it returns a value")
    module = binding.parse_assembly(function.inspect_llvm(types))
    needed = [f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")]
    ours = ctypes.CDLL(None)
    for name in needed:
        if name != OWNED and not hasattr(ours, name):
            raise NotKept(name)
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=3, jit=True
    )
    return ObjectFile(compiled.fndesc.llvm_func_name, tuple(needed), machine.emit_object(module))


def _numba_type(types: Any, kind: str) -> Any:
    element, _, axes = kind.partition("[")
    scalar = getattr(types, element)
    return types.Array(scalar, axes.count(":"), "C") if axes else scalar


def _probe(number, table, whole, seen):  # type: ignore[no-untyped-def]
    seen[0], seen[1], seen[2] = number, table.shape[0], table.shape[1]
    seen[3], seen[4] = table[1, 2], whole[1]


@cache
def arrays_are_passed_so() -> bool:
    """Say whether the Numba at hand takes arrays as they are passed here."""
    import numba

    arguments = (0.5, np.arange(12.0).reshape(3, 4), np.array([3, 7], dtype=np.int32), np.zeros(5))
    signature = signature_of(arguments)
    assert signature is not None
    try:
        Linked(compiled_object(numba.njit(_probe), signature), signature)(*arguments)
    except Exception:
        return False
    return arguments[-1].tolist() == [0.5, 3.0, 4.0, 6.0, 7.0]


# ---- where it is kept -------------------------------------------------------------------------------


def folders() -> list[Path]:
    """Return where machine code may be kept, the first choice first: as Numba's, beside the code, in the user's."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        return [Path(named) / "nanocrystal"]
    users = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return [Path(__file__).with_name("__pycache__"), Path(users) / "nanocrystal"]


@cache
def _this_machine() -> bytes:
    """Return what machine code depends on beside its text."""
    from llvmlite import binding

    features = binding.get_host_cpu_features().flatten()
    packages = f"numba {version('numba')} llvmlite {version('llvmlite')}"
    return "\n".join([packages, binding.get_host_cpu_name(), features]).encode() + _text(__name__)


@cache
def _text(module: str) -> bytes:
    spec: Any = importlib.util.find_spec(module)
    text: bytes = spec.loader.get_data(spec.origin)
    return text


class KeptKernel:
    """A function of a module of kernels: machine code from the disk, or made by Numba and then kept there.

    Arguments that machine code is not made for, and kernels that cannot stand alone, are left to Numba.
    """

    def __init__(self, module: str, name: str, numba_module: Callable[[], Any], tell: Tell, not_kept: str) -> None:
        self.module, self.name = module, name
        self._numba_module, self._tell, self._not_kept = numba_module, tell, not_kept
        self._lock = threading.Lock()
        self._functions: dict[Key | None, Callable[..., Any]] = {}

    @property
    def with_numba(self) -> Callable[..., Any]:
        """The function as Numba has it."""
        function: Callable[..., Any] = getattr(self._numba_module(), self.name)
        return function

    def __call__(self, *arguments: Any) -> Any:
        """Call the kernel; one that returns a value is left to Numba."""
        key = key_of(arguments)
        function = self._functions.get(key)
        if function is None:
            with self._lock:
                signature = signature_of(arguments)
                function = self.with_numba if signature is None else self._found(signature)
                self._functions |= {key: function}
        return function(*arguments)

    def _found(self, signature: Signature) -> Callable[..., Any]:
        name = self._file_name(signature)
        try:
            for folder in folders():
                file = self._whole(folder / name)
                if file is not None:
                    return Linked(file, signature) if file.code else self.with_numba
            return self._made(signature, name)
        except (NotKept, RuntimeError):  # the word of llvmlite for what it cannot link
            return self.with_numba

    def _file_name(self, signature: Signature) -> str:
        depends = b"\n".join([_this_machine(), _text(self.module), "; ".join(signature).encode()])
        return f"{self.module.rpartition('.')[2]}.{self.name}-{sha256(depends).hexdigest()[:24]}.o"

    def _whole(self, path: Path) -> ObjectFile | None:
        """Return what a file holds, None where there is none or it is damaged; it is then removed."""
        try:
            return ObjectFile.from_bytes(path.read_bytes())
        except OSError:
            return None
        except ValueError:
            self._tell(DAMAGED.format(folder=str(path.parent)))
            with contextlib.suppress(OSError):
                path.unlink()
            return None

    def _made(self, signature: Signature, name: str) -> Callable[..., Any]:
        dispatcher = self.with_numba
        try:
            if not arrays_are_passed_so():
                raise NotKept("arrays are passed in another way")
            file = compiled_object(dispatcher, signature)
        except Exception as error:  # Numba itself then says what is wrong, if anything is
            self._keep(ObjectFile("", (), b""), name)
            raise NotKept(self.name) from error
        self._keep(file, name)
        return Linked(file, signature)

    def _keep(self, file: ObjectFile, name: str) -> None:
        """Write a file where that is possible, whole or not at all."""
        for folder in folders():
            try:
                folder.mkdir(parents=True, exist_ok=True)
                remove_left_over(folder, "*.o.tmp.*")
                half = folder / f"{name}.tmp.{os.getpid()}"
                half.write_bytes(file.to_bytes())
                os.replace(half, folder / name)
            except OSError:
                continue
            return
        self._tell(self._not_kept)


def remove_left_over(folder: Path, names: str) -> None:
    """Remove what processes that were killed have left of their writing, long ago; names: a pattern of such files."""
    for left in folder.glob(names):
        if time.time() - left.stat().st_mtime > LONG_AGO_S:
            left.unlink(missing_ok=True)


class KeptModule:
    """The kernels of a module by name.

    numba_module: what imports it, with Numba; tell: what hears sentences, such as not_kept where nothing can be kept.
    """

    def __init__(self, module: str, numba_module: Callable[[], Any], tell: Tell, not_kept: str) -> None:
        self._kernel = cache(lambda name: KeptKernel(module, name, numba_module, tell, not_kept))

    def __getattr__(self, name: str) -> KeptKernel:
        """Return a kernel."""
        return self._kernel(name)
