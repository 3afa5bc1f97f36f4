"""The whole state of moto's backends as bytes, and back.

One pickle holds everything, so that what backends share stays shared. Locks, events and threads are made anew. Values
of BLOB_BYTES and more stay out of the pickle, under their digest, so that nobody writes them twice.
"""

from __future__ import annotations

import copyreg
import hashlib
import importlib
import io
import marshal
import pickle
import threading
import types
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.s3.models import FakeKey, s3_backends
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from local.interpreter import EndedWorker, history_so_far

BLOB_BYTES = 16 * 1024


class StateWriter:
    """Turns the state into bytes, again and again; remembers digests so that unchanged values are not read again."""

    def __init__(self) -> None:
        # A stored object's body never changes: a new upload is a new FakeKey.
        self._bodies: WeakKeyDictionary[FakeKey, str] = WeakKeyDictionary()
        self._values: dict[int, tuple[bytes, str]] = {}

    def write(self) -> tuple[bytes, Mapping[str, Callable[[], bytes]]]:
        """The pickle, and what reads each blob, by digest.

        Raises RuntimeError when a dictionary changes while it is read, and PicklingError or TypeError for a value that
        cannot be kept.
        """
        backends = {
            name: {account: dict(regions) for account, regions in list(backend_dict.items())}
            for backend_dict in list(BackendDict._instances)  # type: ignore[misc]  # of all kinds
            # Without a name it is one that the interpreter's has replaced.
            if (name := _find_name(backend_dict))
        }
        file = io.BytesIO()
        pickler = _Pickler(file, self._bodies, self._values)
        pickler.dump({"backends": backends, "bucket_accounts": s3_backends.bucket_accounts})
        self._values = pickler.values
        return file.getvalue(), pickler.blobs


def read_state(pickled: bytes, read_blob: Callable[[str], bytes]) -> None:
    """Put a written state into moto's backends; they are untouched when it cannot be read."""
    unpickler = _Unpickler(io.BytesIO(pickled))
    unpickler.read_blob = read_blob
    state = unpickler.load()
    for name, accounts in state["backends"].items():
        for account, regions in accounts.items():
            _backends_named(name)[account].update(regions)
    s3_backends.bucket_accounts.update(state["bucket_accounts"])


class _Blob:
    """Stands for a large value in the pickle."""

    def __init__(self, digest: str) -> None:
        self.digest = digest


class _Pickler(pickle.Pickler):
    def __init__(
        self, file: io.BytesIO, bodies: WeakKeyDictionary[FakeKey, str], values: dict[int, tuple[bytes, str]]
    ) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.blobs: dict[str, Callable[[], bytes]] = {}
        self.values: dict[int, tuple[bytes, str]] = {}
        self._bodies = bodies
        self._known_values = values

    def persistent_id(self, obj: object) -> str | None:
        if type(obj) is bytes and len(obj) >= BLOB_BYTES:
            return self._keep_value(obj)
        return obj.digest if type(obj) is _Blob else None

    def reducer_override(self, obj: Any) -> Any:  # noqa: ANN401 - pickle's own signature
        if isinstance(obj, FakeKey):
            return copyreg.__newobj__, (type(obj),), self._stored_object(obj)  # type: ignore[attr-defined]
        for kind, reduce in _REDUCERS:
            if isinstance(obj, kind):
                return reduce(obj)
        return NotImplemented

    def _keep_value(self, value: bytes) -> str:
        _, digest = self._known_values.get(id(value)) or (value, hashlib.sha256(value).hexdigest())
        self.values[id(value)] = (value, digest)
        self.blobs[digest] = lambda: value
        return digest

    def _stored_object(self, key: FakeKey) -> dict[str, Any]:
        state = {name: value for name, value in key.__dict__.items() if name not in {"_value_buffer", "lock"}}
        if key.disposed or key.contentsize < BLOB_BYTES:
            return {**state, "value": b"" if key.disposed else key.value}
        digest = self._bodies.get(key)
        if digest is None:
            digest = self._bodies[key] = hashlib.sha256(key.value).hexdigest()
        self.blobs[digest] = lambda: key.value
        return {**state, "value": _Blob(digest)}


class _Unpickler(pickle.Unpickler):
    read_blob: Callable[[str], bytes]

    def persistent_load(self, pid: Any) -> bytes:  # noqa: ANN401 - pickle's own signature
        return self.read_blob(pid)


def _find_name(backends: Any) -> str | None:  # noqa: ANN401 - a BackendDict, or the part of one account
    # The laptop's own kinds of backend take the place of moto's, in the variables of moto's modules.
    for kind in backends.backend.__mro__:
        for name, value in vars(importlib.import_module(kind.__module__)).items():
            if isinstance(value, BackendDict) and value.backend is backends.backend:
                return f"{kind.__module__}:{name}"
    return None


def _name_of(backends: Any) -> str:  # noqa: ANN401 - as above
    name = _find_name(backends)
    if name is None:
        raise pickle.PicklingError(f"no module holds the backends of {backends.backend.__name__}")
    return name


def _backends_named(name: str) -> Any:  # noqa: ANN401 - a BackendDict of any backend
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _account_of(name: str, account: str) -> Any:  # noqa: ANN401 - an AccountSpecificBackend of any backend
    return _backends_named(name)[account]


def _nothing() -> None:
    """Take the place of a thread."""


def _event(is_set: bool) -> threading.Event:
    event = threading.Event()
    if is_set:
        event.set()
    return event


def _function(module: str, code: bytes) -> types.FunctionType:
    return types.FunctionType(marshal.loads(code), vars(importlib.import_module(module)))  # noqa: S302 - our own file


def _reduce_function(function: types.FunctionType) -> Any:  # noqa: ANN401 - pickle's own signature
    if "<" not in function.__qualname__:
        return NotImplemented
    if function.__closure__ or function.__defaults__:
        raise pickle.PicklingError(f"{function.__qualname__} of {function.__module__} holds values of its own")
    return _function, (function.__module__, marshal.dumps(function.__code__))


def _private_key(encoded: bytes) -> Any:  # noqa: ANN401 - of any kind
    return serialization.load_der_private_key(encoded, None)


def _reduce_private_key(key: rsa.RSAPrivateKey) -> Any:  # noqa: ANN401 - pickle's own signature
    # KMS makes one for every key, and an encrypted table has a key.
    plain = serialization.NoEncryption()
    return _private_key, (key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, plain),)


_REDUCERS: list[tuple[type, Callable[[Any], Any]]] = [
    (type(threading.Lock()), lambda _: (threading.Lock, ())),
    (type(threading.RLock()), lambda _: (threading.RLock, ())),
    (threading.Condition, lambda _: (threading.Condition, ())),
    (threading.Event, lambda event: (_event, (event.is_set(),))),
    (threading.Thread, lambda _: (_nothing, ())),
    (rsa.RSAPrivateKey, _reduce_private_key),
    (types.FunctionType, _reduce_function),
    (WeakValueDictionary, lambda values: (WeakValueDictionary, (), None, None, iter(list(values.items())))),
    (ExecutionWorker, lambda worker: (EndedWorker, (history_so_far(worker),))),
    (BackendDict, lambda backends: (_backends_named, (_name_of(backends),))),
    (AccountSpecificBackend, lambda backends: (_account_of, (_name_of(backends), backends.account_id))),
]
